import { IMAGES_MIME, mostLevels } from '../../renderers/images/payload.ts';
import { bytesToBase64, counted, type Displayable, displayable, type Picture, spoken } from './display.ts';
import { type ImageShape, imageShapeOf, levelRange, toLevels } from './imageShape.ts';
import { count, isDataset, type Rows, type SamplesLike, toRows, width } from './inputs.ts';
import { listenForPages, type Page } from './pages.ts';

export interface ImagesOptions {
  /** How many pictures a page has; default: all, but at most 1 000. The kernel draws further pages while it lives. */
  n?: number;
  /** Pictures in a row; default: as many as fit. */
  columns?: number;
  /** A caption for each. */
  titles?: readonly string[];
  title?: string;
  /** [height, width, channels]; from the data set, or inferred from a square number of values in [0,1]. */
  imageShape?: ImageShape;
}

const mostImages = 1_000;

/**
 * Samples as pictures. Where there are more than a page has, the reader turns the pages.
 *
 * @param x [n, d] or [n, height, width, channels]
 * @throws RangeError if the samples have no image shape, or n is no integer from 1 to 1 000
 */
export function images(x: SamplesLike, options: ImagesOptions = {}): Displayable {
  const { n = mostImages, columns } = options;
  if (!Number.isInteger(n) || n < 1 || n > mostImages) {
    throw new RangeError(`n must be an integer from 1 to ${mostImages}, got ${n}`);
  }
  if (columns !== undefined && (!Number.isInteger(columns) || columns < 1)) {
    throw new RangeError(`columns must be a positive integer, got ${columns}`);
  }
  return displayable(imagesPicture(x, n, options));
}

async function imagesPicture(x: SamplesLike, n: number, options: ImagesOptions): Promise<Picture> {
  const dataset = isDataset(x) ? x : undefined;
  const all = await toRows(x, 'x');
  const shape = imageShapeOf(all, options.imageShape ?? dataset?.imageShape);
  if (!shape) {
    throw new RangeError(
      `samples of ${width(all)} values are no square pictures in [0,1]; say imageShape: [height, width, channels]`,
    );
  }
  // One scale for all pages.
  const range = levelRange(all.data);
  const total = count(all);
  const draw = (page: Page) => pagePicture(all, page, { ...options, shape, range });
  const most = Math.max(1, Math.min(n, Math.floor(mostLevels / width(all))));
  const first = draw({ from: 0, count: Math.min(most, total) });
  if (total <= most) return first;
  const channel = listenForPages('images', total, most, async (page) => draw(page).payload);
  return { ...first, payload: { ...first.payload, total, channel } };
}

function pagePicture(
  all: Rows,
  { from, count: size }: Page,
  { shape, range, title, columns, titles }: ImagesOptions & { shape: ImageShape; range: [number, number] },
): Picture {
  const values = width(all);
  const more = count(all) > size ? ` (of ${count(all)})` : '';
  return {
    mime: IMAGES_MIME,
    payload: {
      title,
      text:
        `${counted(size, 'picture')}${more} of ${shape[0]} x ${shape[1]} pixels` +
        `${shape[2] === 3 ? ' in colour' : ''}, values from ${spoken(range[0])} to ${spoken(range[1])}.`,
      imageShape: [...shape],
      count: size,
      columns,
      pixels: bytesToBase64(toLevels(all.data.subarray(from * values, (from + size) * values), range)),
      range,
      titles: titles && [...titles].slice(from, from + size),
    },
  };
}
