import { Fields, PayloadError, parseImageShape } from '../shared/parse.ts';

export const IMAGES_MIME = 'application/vnd.aenb.images.v1+json';

/** A sheet of pictures of one size: samples, a manifold, weights, maps of errors. */
export interface ImagesPayload {
  readonly title?: string;
  /** One sentence with the numbers, for screen readers. */
  readonly text: string;
  /** [height, width, channels] of each. */
  readonly imageShape: readonly [number, number, number];
  readonly count: number;
  /** Pictures in a row; as many as fit if absent. */
  readonly columns?: number;
  /** 8-bit levels, picture after picture, [count, height, width, channels]; 0 and 255 stand for `range`. */
  readonly pixels: Uint8Array;
  readonly range: readonly [number, number];
  /** A caption below each. */
  readonly titles?: readonly string[];
  /** Headings of the columns and names of the rows, where `columns` is given. */
  readonly columnTitles?: readonly string[];
  readonly rowTitles?: readonly string[];
  /** The pictures touch, as the tiles of one large picture. */
  readonly tight: boolean;
  /** How levels become colours: of all pictures, or of every row if there are several. Default: as they are. */
  readonly scales: readonly ImageScale[];
  /** What each picture belongs to; a sample if absent. */
  readonly each?: 'sample' | 'unit';
  /** Pictures that the kernel holds; more than `count` where only the first are kept. */
  readonly total?: number;
  /** The kernel's ear for further pages, see ImagesPage. */
  readonly channel?: string;
}
/** What a sheet asks of the kernel; answered by a payload of these pictures. */
export interface ImagesPage {
  readonly from: number;
  readonly count: number;
}
/** Grey or colour as they are; blue over white to red with white in the middle of the range; the scale of errors. */
export type ImageScale = 'plain' | 'diverging' | 'error';

const mostImages = 10_000;
/** Levels of all pictures together. */
export const mostLevels = 16_000_000;
const mostTitles = 10_000;

export function parseImages(value: unknown): ImagesPayload {
  const record = new Fields(value, 'images');
  const imageShape = parseImageShape(record, 'imageShape');
  const count = record.count('count', 0, mostImages);
  const bytes = count * imageShape[0] * imageShape[1] * imageShape[2];
  if (bytes > mostLevels) throw new PayloadError(`images may hold ${mostLevels} levels, these are ${bytes}`);
  const range = record.numbers('range', 2);
  if (range.length !== 2 || range[0] === null || range[1] === null || range[0]! >= range[1]!) {
    throw record.wrong('range', 'two numbers, the lower one first');
  }
  const texts = (name: string) => (record.has(name) ? record.texts(name, mostTitles) : undefined);
  return {
    title: record.optionalText('title'),
    text: record.text('text'),
    imageShape,
    count,
    columns: record.has('columns') ? record.count('columns', 1, mostImages) : undefined,
    pixels: record.bytes('pixels', bytes),
    range: range as [number, number],
    titles: texts('titles'),
    columnTitles: texts('columnTitles'),
    rowTitles: texts('rowTitles'),
    tight: record.flag('tight'),
    scales: record.optionalList('scales', mostTitles, (entry, path) =>
      new Fields({ entry }, path).oneOf('entry', ['plain', 'diverging', 'error'] as const),
    ) ?? ['plain'],
    each: record.has('each') ? record.oneOf('each', ['sample', 'unit'] as const) : undefined,
    total: record.has('total') ? record.count('total', count, Number.MAX_SAFE_INTEGER) : undefined,
    channel: record.optionalText('channel'),
  };
}
