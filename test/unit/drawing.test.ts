import { describe, expect, test } from 'vitest';
import { makeScale } from '../../src/drawing/axes.ts';
import { errorColour } from '../../src/drawing/colourScale.ts';
import { layOutImages } from '../../src/drawing/imagesPicture.ts';
import { compact, duration, grouped, ticks, tickTexts } from '../../src/drawing/numbers.ts';
import { atPlace, dragged, toCanvas, zoomed } from '../../src/drawing/plane.ts';
import { hitReconstruction, layOutReconstruction } from '../../src/drawing/reconstructionLayout.ts';
import { nearestPoint, paintClouds } from '../../src/drawing/scatterClouds.ts';
import { cellText } from '../../src/drawing/tablePicture.ts';
import { darkPalette, lightPalette, readableOn, withAlpha } from '../../src/drawing/theme.ts';
import type { ReconstructionPayload } from '../../src/renderers/reconstruction/payload.ts';

type Triple = readonly [number, number, number];
const linear = (level: number) => (level <= 0.04045 ? level / 12.92 : ((level + 0.055) / 1.055) ** 2.4);

/** Linear sRGB to OKLab (Ottosson 2020): distances in it are about as large as they look. */
function oklab([r, g, b]: Triple): Triple {
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
  const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
  return [
    0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
  ];
}
const distance = (a: Triple, b: Triple) => Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);

describe('the scale of errors', () => {
  const labs = Array.from({ length: 101 }, (_, i) =>
    oklab(errorColour(i / 100).map((level) => linear(level / 255)) as unknown as Triple),
  );

  test('grows lighter in equal steps from black to almost white', () => {
    const steps = labs.slice(1).map((lab, i) => lab[0] - labs[i]![0]);
    expect(labs[0]![0]).toBeLessThan(0.12);
    expect(labs[100]![0]).toBeGreaterThan(0.95);
    expect(Math.min(...steps)).toBeGreaterThan(0.003);
    expect(Math.max(...steps)).toBeLessThan(0.016);
  });

  test('takes what lies beyond its ends, and no number at all, for an end', () => {
    expect(errorColour(7)).toEqual(errorColour(1));
    expect(errorColour(-7)).toEqual(errorColour(0));
    expect(errorColour(Number.NaN)).toEqual(errorColour(0));
  });
});

describe('the colours of classes', () => {
  // Machado, Oliveira & Fernandes 2009, severity 1, on linear sRGB
  const eyes: Record<string, readonly Triple[]> = {
    normal: [
      [1, 0, 0],
      [0, 1, 0],
      [0, 0, 1],
    ],
    protan: [
      [0.152286, 1.052583, -0.204868],
      [0.114503, 0.786281, 0.099216],
      [-0.003882, -0.048116, 1.051998],
    ],
    deutan: [
      [0.367322, 0.860646, -0.227968],
      [0.280085, 0.672501, 0.047413],
      [-0.01182, 0.04294, 0.968881],
    ],
    tritan: [
      [1.255528, -0.076749, -0.178779],
      [-0.078411, 0.930809, 0.147602],
      [0.004733, 0.691367, 0.3039],
    ],
  };
  const seen = (hex: string, eye: readonly Triple[]): Triple => {
    const colour = [1, 3, 5].map((at) => linear(Number.parseInt(hex.slice(at, at + 2), 16) / 255));
    const mixed = eye.map((row) =>
      Math.min(1, Math.max(0, row[0] * colour[0]! + row[1] * colour[1]! + row[2] * colour[2]!)),
    );
    return oklab(mixed as unknown as Triple);
  };

  test.each(
    Object.entries(eyes).flatMap(([eye, matrix]) => [
      { ground: 'light', palette: lightPalette, eye, matrix },
      { ground: 'dark', palette: darkPalette, eye, matrix },
    ]),
  )('stay apart on a $ground ground for $eye eyes', ({ palette, matrix }) => {
    const labs = palette.map((hex) => seen(hex, matrix));
    for (let i = 0; i < labs.length; i++) {
      for (let j = 0; j < i; j++) expect(distance(labs[i]!, labs[j]!)).toBeGreaterThan(0.05);
    }
  });
});

test('ink stands out from every colour that it is written on', () => {
  const luminance = (hex: string) => {
    const [r, g, b] = [1, 3, 5].map((at) => linear(Number.parseInt(hex.slice(at, at + 2), 16))) as [
      number,
      number,
      number,
    ];
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  for (const colour of [...lightPalette, ...darkPalette]) {
    const [ink, ground] = [luminance(readableOn(colour)), luminance(colour)];
    expect((Math.max(ink, ground) + 0.05) / (Math.min(ink, ground) + 0.05)).toBeGreaterThan(4.5);
  }
});

describe('numbers', () => {
  test('are written short, with a true minus and thousands set apart', () => {
    expect([0, 0.012345, -3.10001, 12345.6, 1.234e-7, 5e9].map((value) => compact(value))).toEqual([
      '0',
      '0.01235',
      '−3.1',
      '12\u202f346',
      '1.23e−7',
      '5.00e+9',
    ]);
    expect([null, Number.NaN, -Infinity].map((value) => compact(value))).toEqual(['–', '–', '−∞']);
    expect([grouped(9999), grouped(1234567)]).toEqual(['9999', '1\u202f234\u202f567']);
  });

  test('of seconds read as a clock', () => {
    expect([0.04, 9.94, 9.96, 59.4, 59.9, 3600, 3661].map(duration)).toEqual([
      '0.0 s',
      '9.9 s',
      '10 s',
      '59 s',
      '1:00',
      '1:00:00',
      '1:01:01',
    ]);
  });

  test('of an axis are round, inside it and about as many as wanted', () => {
    expect(ticks(-6.3, 8.2, 7)).toEqual([-6, -4, -2, 0, 2, 4, 6, 8]);
    expect(ticks(0.0012, 0.0049, 4)).toEqual([0.002, 0.003, 0.004]);
    expect(ticks(3, 3, 5)).toEqual([3]);
    expect(ticks(-3.96, 3.49, 2.7)).toEqual([-2, 0, 2]);
    expect(ticks(0.11, 0.89, 1).length).toBeGreaterThan(1);
  });

  test('of a logarithmic axis are round, and at least two, however little it spans', () => {
    const between = (low: number, high: number, wanted = 5) => makeScale(low, high, true).ticks(wanted);
    expect(between(0.01, 1)).toEqual([0.01, 0.03, 0.1, 0.3, 1]);
    expect(between(0.2, 6)).toEqual([0.2, 0.5, 1, 2, 5]);
    expect(between(1e-12, 1, 4)).toEqual([1e-12, 1e-9, 1e-6, 1e-3, 1]);
    expect(between(0.31, 0.39).length).toBeGreaterThanOrEqual(2);
  });

  test('at neighbouring ticks differ, however near they lie', () => {
    expect(tickTexts([170, 171, 172])).toEqual(['170', '171', '172']);
    expect(tickTexts([170.0001, 170.0002])).toEqual(['170.0001', '170.0002']);
    expect(tickTexts([0.1])).toEqual(['0.1']);
  });

  test('in a table share decimals, and none that is not zero reads as zero', () => {
    const column = { name: 'a', numeric: true, digits: 2 };
    expect([1234567.891, 0, 0.001, -2].map((value) => cellText(value, column))).toEqual([
      '1\u202f234\u202f567.89',
      '0.00',
      '1.0e−3',
      '−2.00',
    ]);
  });
});

function payloadOf(
  form: ReconstructionPayload['form'],
  samples: number,
  shape: [number, number, number],
): ReconstructionPayload {
  const features = shape[0] * shape[1] * shape[2];
  const values = new Float32Array(samples * features);
  return {
    text: '',
    form,
    samples,
    features,
    ...(form === 'images' && { imageShape: shape }),
    originals: values,
    reconstructions: values,
    range: [0, 1],
    errors: Array(samples).fill(0),
    metric: 'mse',
  };
}

describe('a reconstruction picture', () => {
  const cases = (['images', 'series', 'bars'] as const).flatMap((form) =>
    [300, 480, 720, 1200, 3000].flatMap((width) => [1, 2].map((ratio) => ({ form, width, ratio }))),
  );

  test.each(cases)(
    'of $form keeps within $width px at $ratio x, and every sample has its place',
    ({ form, width, ratio }) => {
      const payload = payloadOf(form, 10, form === 'images' ? [28, 28, 1] : form === 'bars' ? [1, 8, 1] : [1, 140, 1]);
      const layout = layOutReconstruction(payload, width, ratio);
      layout.blocks.forEach(({ x, y }, position) => {
        expect(x + layout.tile.width).toBeLessThanOrEqual(width + 0.01);
        expect(y + layout.blockHeight).toBeLessThan(layout.legend.y);
        expect(hitReconstruction(layout, x + layout.tile.width / 2, y + layout.tile.height / 2)).toMatchObject({
          position,
          row: 0,
        });
      });
      expect(layout.height).toBeGreaterThanOrEqual(layout.legend.y + layout.legend.height);
    },
  );

  test('gives all pixels of a digit the same number of device pixels where there is room', () => {
    for (const ratio of [1, 1.25, 1.5, 2]) {
      const { tile } = layOutReconstruction(payloadOf('images', 10, [28, 28, 1]), 900, ratio);
      expect((tile.width * ratio) / 28).toBeCloseTo(Math.round((tile.width * ratio) / 28), 6);
    }
  });

  test.each([
    [300, 8],
    [960, 8],
    [960, 3],
    [3000, 10],
  ])('in %d px shows %d digits larger with every step, until one fills the room', (width, samples) => {
    const payload = payloadOf('images', samples, [28, 28, 1]);
    const sizes = [1, 1.6, 2.6, 4].map((zoom) => layOutReconstruction(payload, width, 1, zoom).tile.width);
    sizes.slice(1).forEach((size, i) => {
      if (sizes[i]! < width / 3) expect(size).toBeGreaterThan(sizes[i]!);
      else expect(size).toBeGreaterThanOrEqual(sizes[i]!);
    });
  });

  test('keeps the proportions of pictures that are not square', () => {
    const { tile } = layOutReconstruction(payloadOf('images', 6, [64, 32, 3]), 800, 1);
    expect(tile.height / tile.width).toBeCloseTo(2, 6);
  });

  test('finds nothing between and beyond the samples', () => {
    const layout = layOutReconstruction(payloadOf('images', 4, [28, 28, 1]), 600, 1);
    expect(hitReconstruction(layout, 3, 3)).toBeUndefined();
    expect(hitReconstruction(layout, layout.blocks[0]!.x + layout.tile.width + 2, 10)).toBeUndefined();
  });
});

describe('a part of the plane', () => {
  const area = { x: 50, y: 10, width: 200, height: 100 };
  const whole = { low: [0, 0], high: [10, 5] } as const;

  test('keeps the place under the cursor where it is when it is zoomed', () => {
    const place = [90, 35] as const;
    const about = atPlace({ ...whole, area }, place);
    const closer = zoomed(whole, 0.5, about, whole);
    expect(closer.high[0] - closer.low[0]).toBeCloseTo(5, 9);
    const [x, y] = toCanvas({ ...closer, area }, about);
    expect(x).toBeCloseTo(place[0], 9);
    expect(y).toBeCloseTo(place[1], 9);
  });

  test('is never zoomed to nothing, nor far beyond the points', () => {
    let [closer, farther]: [Parameters<typeof zoomed>[0], Parameters<typeof zoomed>[0]] = [whole, whole];
    for (let i = 0; i < 200; i++) {
      closer = zoomed(closer, 0.8, [3, 3], whole);
      farther = zoomed(farther, 1.25, [3, 3], whole);
    }
    expect(closer.high[0] - closer.low[0]).toBeGreaterThanOrEqual(1e-4);
    expect(farther.high[1] - farther.low[1]).toBeLessThanOrEqual(100);
  });

  test('moves with what drags it', () => {
    expect(dragged(whole, [20, 10], area)).toEqual({ low: [-1, 0.5], high: [9, 5.5] });
  });
});

describe('the clouds of a scatter plot', () => {
  const series = (name: string, points: number[], background = false) => ({
    name,
    count: points.length / 2,
    points: Float32Array.from(points),
    line: false,
    background,
  });
  const seen = { low: [0, 0], high: [10, 10], area: { x: 0, y: 0, width: 100, height: 100 } } as const;

  test('lie in the order of the series, what is compared with under the others, and without what is not finite', () => {
    const payload = {
      text: '',
      series: [
        series('a', [1, 1, Number.NaN, 2]),
        series('b', [3, 3, 4, Number.POSITIVE_INFINITY]),
        series('ground', [5, 5, 6, 6], true),
        series('many', Array<number>(2_000).fill(7)),
      ],
    };
    const looks = payload.series.map((_, i) => ({ colour: '#102030', opacity: i === 1 ? 0 : 1 }));
    const painted: { x: number[]; opacities: (number | undefined)[] }[] = [];
    paintClouds({} as never, payload, looks, seen, 1, (_, { x, groups, colours }) => {
      painted.push({ x: [...x].slice(0, 9), opacities: [...groups!].slice(0, 9).map((g) => colours[4 * g + 3]) });
    });
    expect(painted).toEqual([
      { x: [5, 6, 1, 3], opacities: [255, 255, 255, 0] },
      { x: Array(9).fill(7), opacities: Array(9).fill(255) },
    ]);
  });

  test('find the uppermost of the nearest points in reach, but none that is switched off or not finite', () => {
    const payload = {
      text: '',
      series: [series('a', [5, 5, Number.NaN, 5]), series('b', [5, 5]), series('c', [5.2, 5])],
    };
    const find = (hidden: string[], place: [number, number]) => nearestPoint(payload, new Set(hidden), seen, place, 12);
    expect(find([], [50, 50])).toEqual({ series: 1, index: 0 });
    expect(find(['b'], [50, 50])).toEqual({ series: 0, index: 0 });
    expect(find([], [52, 51])).toEqual({ series: 2, index: 0 });
    expect(find([], [80, 50])).toBeUndefined();
  });
});

test('a sheet of images keeps to the columns it was told', () => {
  const payload = {
    text: '',
    imageShape: [8, 8, 1] as const,
    count: 10,
    columns: 4,
    pixels: new Uint8Array(640),
    range: [0, 1] as const,
    tight: false,
    scales: [],
  };
  const layout = layOutImages(payload, 500, 1);
  expect(layout.places.filter(({ y }) => y === 0)).toHaveLength(4);
});

test('an opacity goes only onto colours that can carry it', () => {
  expect(withAlpha('#102030', 0.5)).toBe('#10203080');
  expect(withAlpha('red', 0.5)).toBe('red');
});
