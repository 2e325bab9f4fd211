import { compact } from '../../drawing/numbers.ts';
import { IMAGES_MIME, type ImageScale } from '../../renderers/images/payload.ts';
import { bytesToBase64, counted, type Displayable, displayable, type Picture, spoken } from './display.ts';
import { type ImageShape, imageShapeOf, levelRange, toLevels } from './imageShape.ts';
import { count, finiteRange, type Rows, width } from './inputs.ts';

interface Decodes {
  decode(z: never): Promise<Rows>;
  readonly decoder?: { readonly inputs: readonly { readonly shape: readonly (number | null)[] }[] };
  readonly options?: { readonly imageShape?: ImageShape };
}
interface StyleGrids {
  styleGrid(styles: number, options?: { seed?: number }): Promise<Rows>;
  readonly options?: { readonly imageShape?: ImageShape };
}

export interface ManifoldOptions {
  /** Codes along each side; default 20. */
  steps?: number;
  /** Least and greatest code along each side; default [-2, 2], where most of N(0, I) lies. */
  range?: [number, number];
  /** Which two latents are varied; default the first two, the others are 0. */
  latents?: [number, number];
  title?: string;
  imageShape?: ImageShape;
}

const mostSteps = 60;

/**
 * What a decoder makes of every place of a square of codes, as one large picture.
 *
 * @throws RangeError if steps is no integer from 2 to 60, or what is decoded is no picture
 */
export async function manifold(model: Decodes, options: ManifoldOptions = {}): Promise<Displayable> {
  const { steps = 20, range = [-2, 2], latents = [0, 1] } = options;
  if (!Number.isInteger(steps) || steps < 2 || steps > mostSteps) {
    throw new RangeError(`steps must be an integer from 2 to ${mostSteps}, got ${steps}`);
  }
  if (!(range[0] < range[1])) throw new RangeError(`range must be two numbers, the lower one first, got ${range}`);
  const k = model.decoder?.inputs[0]?.shape.at(-1) ?? 2;
  if (latents.some((latent) => !Number.isInteger(latent) || latent < 0 || latent >= k)) {
    throw new RangeError(`latents must be two numbers below ${k}, got ${latents}`);
  }
  const at = (i: number) => range[0] + ((range[1] - range[0]) * i) / (steps - 1);
  // The second latent grows upwards, as on a map.
  const codes = Array.from({ length: steps * steps }, (_, i) => {
    const code = Array<number>(k).fill(0);
    code[latents[0]] = at(i % steps);
    if (k > 1) code[latents[1]] = at(steps - 1 - Math.floor(i / steps));
    return code;
  });
  const decoded = await model.decode(codes as never);
  const name = model.constructor.name;
  return displayable(
    sheet(decoded, options.imageShape ?? model.options?.imageShape, {
      title: options.title,
      text:
        `What ${name} decodes from ${steps} x ${steps} codes: latent ${latents[0] + 1} from ${spoken(range[0])} to ` +
        `${spoken(range[1])} from left to right, latent ${latents[1] + 1} the same from bottom to top.`,
      columns: steps,
      tight: true,
      columnTitles: Array.from({ length: steps }, (_, i) => compact(Number(at(i).toFixed(1)))),
      rowTitles: Array.from({ length: steps }, (_, i) => compact(Number(at(steps - 1 - i).toFixed(1)))),
    }),
  );
}

/**
 * Every style (rows) in every class (columns), as a conditional model draws them.
 *
 * @throws RangeError if styles is no integer from 1 to 50
 */
export async function styleGrid(
  model: StyleGrids,
  options: { styles?: number; seed?: number; labels?: readonly string[]; title?: string; imageShape?: ImageShape } = {},
): Promise<Displayable> {
  const { styles = 8, seed } = options;
  if (!Number.isInteger(styles) || styles < 1 || styles > 50) {
    throw new RangeError(`styles must be an integer from 1 to 50, got ${styles}`);
  }
  const grid = await model.styleGrid(styles, { seed });
  const classes = grid.shape[1]!;
  const flat = { data: grid.data, shape: [styles * classes, ...grid.shape.slice(2)] };
  return displayable(
    sheet(flat, options.imageShape ?? model.options?.imageShape, {
      title: options.title,
      text: `${counted(styles, 'style')} (rows), each in ${counted(classes, 'class', 'classes')} (columns).`,
      columns: classes,
      columnTitles: Array.from({ length: classes }, (_, i) => options.labels?.[i] ?? String(i)),
      rowTitles: Array.from({ length: styles }, (_, i) => `style ${i + 1}`),
    }),
  );
}

interface HasWeights {
  readonly encoder: { readonly layers: readonly unknown[] };
  readonly options?: { readonly imageShape?: ImageShape };
}
interface Layer {
  readonly name: string;
  getWeights(): readonly { readonly shape: readonly number[]; data(): Promise<ArrayLike<number>> }[];
}

/**
 * What the units of the first layer look for: the weights of each as a picture, blue below zero, red above it, each on
 * a scale of its own.
 *
 * @param options.n how many units, from the first on; default 64
 * @throws RangeError if the inputs are no pictures
 */
export function weights(
  model: HasWeights,
  options: { n?: number; title?: string; imageShape?: ImageShape } = {},
): Displayable {
  const { n = 64 } = options;
  if (!Number.isInteger(n) || n < 1 || n > 1_000) throw new RangeError(`n must be an integer from 1 to 1000, got ${n}`);
  const layer = (model.encoder.layers as readonly Layer[]).find((one) => (one.getWeights()[0]?.shape.length ?? 0) > 1);
  if (!layer) throw new TypeError('the encoder has no layer with weights');
  return displayable(
    weightsPicture(layer, n, { ...options, imageShape: options.imageShape ?? model.options?.imageShape }),
  );
}

async function weightsPicture(
  layer: Layer,
  n: number,
  options: { title?: string; imageShape?: ImageShape },
): Promise<Picture> {
  const [kernel] = layer.getWeights();
  const values = await kernel!.data();
  const units = kernel!.shape.at(-1)!;
  const shown = Math.min(n, units);
  // [height, width, inputs, units] of a convolution, [inputs, units] of a dense layer
  const [height, breadth, inputs] =
    kernel!.shape.length === 4
      ? (kernel!.shape as [number, number, number])
      : pictureOf(kernel!.shape[0]!, options.imageShape);
  const pixels = height * breadth;
  const levels = new Uint8Array(shown * pixels);
  for (let unit = 0; unit < shown; unit++) {
    const one = Float32Array.from({ length: pixels }, (_, p) => {
      let sum = 0;
      for (let c = 0; c < inputs; c++) sum += values[(p * inputs + c) * units + unit]!;
      return sum / inputs;
    });
    const [low, high] = finiteRange(one) ?? [-1, 1];
    const most = Math.max(Math.abs(low), Math.abs(high)) || 1;
    levels.set(toLevels(one, [-most, most]), unit * pixels);
  }
  return {
    mime: IMAGES_MIME,
    payload: {
      title: options.title,
      text: `Weights of ${counted(shown, 'unit')} of ${units} of layer ${layer.name}, ${height} x ${breadth} each.`,
      imageShape: [height, breadth, 1],
      count: shown,
      pixels: bytesToBase64(levels),
      range: [-1, 1],
      scales: ['diverging'],
      each: 'unit',
    },
  };
}

function pictureOf(inputs: number, shape: ImageShape | undefined): ImageShape {
  if (shape && shape[0] * shape[1] * shape[2] === inputs) return shape;
  const side = Math.sqrt(inputs);
  if (Number.isInteger(side)) return [side, side, 1];
  throw new RangeError(`${inputs} weights are no square picture; say imageShape: [height, width, channels]`);
}

function sheet(
  rows: Rows,
  shape: ImageShape | undefined,
  about: {
    title?: string;
    text: string;
    columns: number;
    tight?: boolean;
    columnTitles?: string[];
    rowTitles?: string[];
    scales?: ImageScale[];
  },
): Picture {
  const known = imageShapeOf(rows, shape);
  if (!known) {
    throw new RangeError(
      `samples of ${width(rows)} values are no square pictures in [0,1]; say imageShape: [height, width, channels]`,
    );
  }
  const range = levelRange(rows.data);
  return {
    mime: IMAGES_MIME,
    payload: {
      ...about,
      imageShape: [...known],
      count: count(rows),
      pixels: bytesToBase64(toLevels(rows.data, range)),
      range: [...range],
    },
  };
}
