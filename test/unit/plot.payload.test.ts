import { describe, expect, test } from 'vitest';
import { parseBars } from '../../src/renderers/bars/payload.ts';
import { parseCurves } from '../../src/renderers/curves/payload.ts';
import { parseHistogram } from '../../src/renderers/histogram/payload.ts';
import { parseImages } from '../../src/renderers/images/payload.ts';
import { parseLatent } from '../../src/renderers/latent/payload.ts';
import { parseModel } from '../../src/renderers/model/payload.ts';
import { parseProgress } from '../../src/renderers/progress/payload.ts';
import { parseReconstruction } from '../../src/renderers/reconstruction/payload.ts';
import { parseRun } from '../../src/renderers/run/payload.ts';
import { parseScatter } from '../../src/renderers/scatter/payload.ts';
import { PayloadError } from '../../src/renderers/shared/parse.ts';
import { parseTable } from '../../src/renderers/table/payload.ts';
import { displaySymbol } from '../../src/toolkit/plot/display.ts';
import { samples } from '../renderers/samples.ts';

const parsers: Record<string, (value: unknown) => unknown> = {
  bars: parseBars,
  curves: parseCurves,
  histogram: parseHistogram,
  images: parseImages,
  latent: parseLatent,
  model: parseModel,
  progress: parseProgress,
  reconstruction: parseReconstruction,
  run: parseRun,
  scatter: parseScatter,
  table: parseTable,
};

type Json = Record<string, unknown>;
const made = Object.fromEntries(
  await Promise.all(
    Object.entries(await samples()).map(async ([name, value]) => {
      const bundle = await value[displaySymbol]();
      const mime = Object.keys(bundle).find((key) => key.includes('vnd.aenb'))!;
      return [
        name,
        { kind: /aenb\.(\w+)\.v1/.exec(mime)![1]!, json: JSON.parse(JSON.stringify(bundle[mime])) as Json },
      ];
    }),
  ),
) as Record<string, { kind: string; json: Json }>;
const changed = (name: string, change: Json) => ({ ...made[name]!.json, ...change });

describe('a payload', () => {
  test.each(Object.keys(made))('%s that the toolkit made is accepted', (name) => {
    const { kind, json } = made[name]!;
    expect(() => parsers[kind]!(json)).not.toThrow();
  });

  test.each(Object.keys(parsers))('of kind %s that is no record is refused with its reason', (kind) => {
    for (const value of [null, 'text', 7, [], [{}], {}]) {
      expect(() => parsers[kind]!(value)).toThrow(PayloadError);
    }
  });

  test.each(Object.keys(made))(
    '%s with any field gone or of another type is accepted without it or refused, never half read',
    (name) => {
      const { kind, json } = made[name]!;
      for (const key of Object.keys(json)) {
        for (const value of [undefined, { evil: true }, ['<img onerror=alert(1)>'], -1, 1e300]) {
          try {
            parsers[kind]!({ ...json, [key]: value });
          } catch (error) {
            expect(error).toBeInstanceOf(PayloadError);
          }
        }
      }
    },
  );

  test('names the field, what is allowed and what it got', () => {
    expect(() => parseCurves(changed('curves-run', { log: 'yes' }))).toThrow(
      'curves.log must be true or false, got "yes"',
    );
    expect(() => parseReconstruction(changed('reconstruction-digits', { form: 'video' }))).toThrow(
      'reconstruction.form must be one of images, series, bars, got "video"',
    );
  });
});

describe('sizes are bounded before anything is allocated', () => {
  test.each([
    ['reconstruction-digits', { samples: 1e9 }],
    ['reconstruction-digits', { features: 1e12 }],
    ['reconstruction-digits', { samples: 1000, features: 1_000_000 }],
    ['latent-digits', { samples: 1e9 }],
    ['latent-digits', { latents: 100_000 }],
    ['latent-digits', { samples: 200_000, latents: 4096 }],
    ['images-digits', { count: 1e8 }],
    ['images-digits', { imageShape: [100_000, 100_000, 1] }],
    ['images-digits', { imageShape: [4096, 4096, 3] }],
    ['images-digits', { total: 39 }],
    ['images-digits', { total: 1e300 }],
    ['images-digits', { total: 41, channel: { toString: 1 } }],
  ])('%s claiming %j', (name, change) => {
    expect(() => parsers[made[name]!.kind]!(changed(name, change))).toThrow(PayloadError);
  });

  test('in series, points, columns and rows', () => {
    const series = { name: 'a', colour: 0, dashed: false, shown: true, values: [1] };
    expect(() => parseCurves(changed('curves-run', { series: Array(201).fill(series) }))).toThrow(
      'at most 200 entries',
    );
    const many = { ...series, values: Array(600_000).fill(1) };
    expect(() => parseCurves(changed('curves-run', { series: [many, many] }))).toThrow('1000000 values');
    expect(() => parseTable({ text: '', columns: [], rows: Array(10_001).fill([]), total: 10_001 })).toThrow(
      'at most 10000',
    );
  });
});

describe('base64', () => {
  test('of another length than the counts say is refused', () => {
    const { originals } = made['reconstruction-digits']!.json as { originals: string };
    expect(() => parseReconstruction(changed('reconstruction-digits', { originals: originals.slice(4) }))).toThrow(
      /originals must be base64 of 7840 bytes/,
    );
  });

  test('that is none is refused', () => {
    const { codes } = made['latent-digits']!.json as { codes: string };
    expect(() => parseLatent(changed('latent-digits', { codes: '#'.repeat(codes.length) }))).toThrow(
      /codes must be base64/,
    );
  });

  test('must point at samples and classes that exist', () => {
    const classes = Buffer.alloc(2000, 99).toString('base64');
    expect(() => parseLatent(changed('latent-digits', { classes }))).toThrow('indices below 10');
  });
});
