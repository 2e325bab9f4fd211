import { IMAGES_MIME } from '../../renderers/images/payload.ts';
import { bytesToBase64, counted, type Displayable, displayable, type Picture, spoken } from './display.ts';
import { type ImageShape, imageShapeOf, levelRange, toLevels } from './imageShape.ts';
import { count, firstRows, isDataset, type SamplesLike, toRows, width } from './inputs.ts';

export interface ImagesOptions {
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
 * Samples as pictures.
 *
 * @param x [n, d] or [n, height, width, channels]; at most the first 1 000 are drawn
 * @throws RangeError if the samples have no image shape
 */
export function images(x: SamplesLike, options: ImagesOptions = {}): Displayable {
  return displayable(imagesPicture(x, options));
}

async function imagesPicture(x: SamplesLike, options: ImagesOptions): Promise<Picture> {
  const dataset = isDataset(x) ? x : undefined;
  const all = await toRows(x, 'x');
  const shown = firstRows(all, Math.min(count(all), mostImages));
  const shape = imageShapeOf(shown, options.imageShape ?? dataset?.imageShape);
  if (!shape) {
    throw new RangeError(
      `samples of ${width(all)} values are no square pictures in [0,1]; say imageShape: [height, width, channels]`,
    );
  }
  if (options.columns !== undefined && (!Number.isInteger(options.columns) || options.columns < 1)) {
    throw new RangeError(`columns must be a positive integer, got ${options.columns}`);
  }
  const range = levelRange(shown.data);
  const more = count(all) > count(shown) ? ` (of ${count(all)})` : '';
  return {
    mime: IMAGES_MIME,
    payload: {
      title: options.title,
      text:
        `${counted(count(shown), 'picture')}${more} of ${shape[0]} x ${shape[1]} pixels` +
        `${shape[2] === 3 ? ' in colour' : ''}, values from ${spoken(range[0])} to ${spoken(range[1])}.`,
      imageShape: [...shape],
      count: count(shown),
      columns: options.columns,
      pixels: bytesToBase64(toLevels(shown.data, range)),
      range,
      titles: options.titles && [...options.titles].slice(0, count(shown)),
    },
  };
}
