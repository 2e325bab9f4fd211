import { readdir, readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import type * as canvasLibrary from '@napi-rs/canvas';
import { type Dataset, makeDataset } from '../dataset.ts';
import { NdArray } from '../ndarray.ts';
import { Pacer } from '../pause.ts';
import { checkKnownOptions, checkPositiveInteger, show } from '../validate.ts';

const endings = ['.png', '.jpg', '.jpeg', '.webp', '.gif', '.bmp'];
/** An image that claims more is damaged, or made to fill memory. */
const mostPixels = 2 ** 27;

/**
 * A folder of images; where it has sub-folders, each is a label, in the order of their names.
 *
 * x: [n, height * width * channels], pixels in [0, 1], rows from the top, channels side by side. One channel where all
 * images are grey or `grayscale` says so, else red, green and blue. What is transparent shows black.
 * @param options.size [height, width] to which all are scaled; without it all must be of one size
 * @param options.grayscale true: one channel, the luminance; false: three; default: what the images are
 */
export async function images(
  folder: string,
  options: { size?: [number, number]; grayscale?: boolean } = {},
): Promise<Dataset> {
  checkKnownOptions('images', options, ['size', 'grayscale']);
  const size = checkSize(options.size);
  const { files, labels } = await listImages(folder);
  const library = await loadCanvas();
  const pacer = new Pacer();
  let first: { path: string; height: number; width: number } | undefined;
  const pixels: Uint8ClampedArray[] = [];
  for (const { path } of files) {
    const image = await decode(library, path, size);
    first ??= { path, ...image };
    if (image.height !== first.height || image.width !== first.width) {
      throw new Error(
        `all images must be of one size: ${first.path} has ${first.height} x ${first.width} pixels (height x width), ` +
          `${path} ${image.height} x ${image.width}. Set size to scale them, for example to [${first.height}, ${first.width}].`,
      );
    }
    pixels.push(image.pixels);
    if (pacer.due()) await pacer.pause();
  }
  const { height, width } = first!;
  const channels = (options.grayscale ?? pixels.every(isGrey)) ? 1 : 3;
  const x = new Float32Array(files.length * height * width * channels);
  pixels.forEach((image, i) => {
    copyPixels(image, x.subarray(i * height * width * channels), channels);
  });
  return makeDataset({
    name: folder,
    x: new NdArray(x, [files.length, height * width * channels]),
    ...(labels.length > 0 && { y: Int32Array.from(files, ({ label }) => label), labels }),
    imageShape: [height, width, channels],
    source: folder,
    licence: 'as the images say',
  });
}

function checkSize(size: unknown): [number, number] | undefined {
  if (size === undefined) return undefined;
  if (!Array.isArray(size) || size.length !== 2) {
    throw new TypeError(`size must be [height, width] in pixels, got ${show(size)}`);
  }
  return [checkPositiveInteger('size[0]', size[0]), checkPositiveInteger('size[1]', size[1])];
}

async function listImages(folder: string): Promise<{ files: { path: string; label: number }[]; labels: string[] }> {
  const list = async (path: string) =>
    (await readdir(path, { withFileTypes: true })).sort((a, b) => (a.name < b.name ? -1 : 1));
  const entries = (await list(folder)).filter(({ name }) => !name.startsWith('.'));
  const labels = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  const isImage = ({ name }: { name: string }) => endings.includes(extname(name).toLowerCase());
  const loose = entries.filter((entry) => !entry.isDirectory() && isImage(entry));
  if (loose.length > 0 && labels.length > 0) {
    throw new Error(
      `${folder} must hold either images or sub-folders of images, which are labels: it holds '${loose[0].name}' beside ` +
        `the folder '${labels[0]}'`,
    );
  }
  const files = loose.map(({ name }) => ({ path: join(folder, name), label: -1 }));
  for (const [label, name] of labels.entries()) {
    const inside = (await list(join(folder, name))).filter(isImage);
    files.push(...inside.map((entry) => ({ path: join(folder, name, entry.name), label })));
  }
  if (files.length === 0) throw new Error(`${folder} holds no images: no file ends in ${endings.join(', ')}`);
  return { files, labels };
}

async function loadCanvas(): Promise<typeof canvasLibrary> {
  return import('@napi-rs/canvas').catch((error: Error) => {
    throw new Error(`reading images needs the package @napi-rs/canvas, which can't be loaded: ${error.message}`);
  });
}

/** Red, green, blue and opacity of every pixel. */
async function decode(library: typeof canvasLibrary, path: string, size: [number, number] | undefined) {
  const image = await readFile(path)
    .then((bytes) => library.loadImage(bytes))
    .catch((error: Error) => {
      throw new Error(`${path} can't be read as an image: ${error.message}`, { cause: error });
    });
  if (!(image.width > 0 && image.height > 0 && image.width * image.height <= mostPixels)) {
    throw new Error(`${path} can't be read as an image: its size would be ${image.height} x ${image.width} pixels`);
  }
  const [height, width] = size ?? [image.height, image.width];
  const context = library.createCanvas(width, height).getContext('2d');
  context.fillStyle = 'black';
  context.fillRect(0, 0, width, height);
  context.imageSmoothingQuality = 'high';
  context.drawImage(image, 0, 0, width, height);
  return { height, width, pixels: context.getImageData(0, 0, width, height).data };
}

function isGrey(pixels: Uint8ClampedArray): boolean {
  for (let i = 0; i < pixels.length; i += 4) {
    if (pixels[i] !== pixels[i + 1] || pixels[i] !== pixels[i + 2]) return false;
  }
  return true;
}

function copyPixels(pixels: Uint8ClampedArray, out: Float32Array, channels: 1 | 3): void {
  for (let i = 0, pixel = 0; i < pixels.length; i += 4, pixel++) {
    const [red, green, blue] = [pixels[i], pixels[i + 1], pixels[i + 2]];
    if (channels === 1) {
      // ITU-R BT.601
      const grey = red === green && red === blue ? red : 0.299 * red + 0.587 * green + 0.114 * blue;
      out[pixel] = grey / 255;
    } else {
      out[3 * pixel] = red / 255;
      out[3 * pixel + 1] = green / 255;
      out[3 * pixel + 2] = blue / 255;
    }
  }
}
