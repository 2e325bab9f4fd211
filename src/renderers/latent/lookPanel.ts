import { levelsToRgba } from '../../drawing/canvas.ts';
import { compact } from '../../drawing/numbers.ts';
import { element } from '../shared/elements.ts';
import type { Words } from '../shared/words.ts';
import type { DecodedPoint, LatentPayload } from './payload.ts';

/** What lies under the cursor: a sample with its reconstruction, and the decoded point. Its room is always there. */
export class LookPanel {
  readonly root = element('div', { class: 'aenb-latent-look' });
  private readonly about = element('div', { class: 'aenb-latent-about' });
  private readonly original: Thumbnail | undefined;
  private readonly reconstruction: Thumbnail | undefined;
  private readonly decoded: Thumbnail | undefined;
  private readonly values = element('div', { class: 'aenb-latent-values' });
  private readonly hint = element('div', { hidden: true });

  constructor(
    private readonly payload: LatentPayload,
    words: Words,
    canDecode: boolean,
  ) {
    const { thumbnails } = payload;
    this.root.append(this.about);
    if (thumbnails) {
      this.original = new Thumbnail(words.original, thumbnails.imageShape);
      this.root.append(this.original.root);
      if (thumbnails.reconstructions) {
        this.reconstruction = new Thumbnail(words.reconstruction, thumbnails.imageShape);
        this.root.append(this.reconstruction.root);
      }
    }
    if (canDecode) {
      if (thumbnails) {
        this.decoded = new Thumbnail(words.decoded, thumbnails.imageShape);
        this.root.append(this.decoded.root);
      } else this.root.append(element('div', { text: words.decoded }, undefined), this.values);
      this.hint.textContent = words.decodeHint;
      this.root.append(this.hint);
    }
    this.root.append(element('div', { class: 'aenb-latent-hint', text: words.zoomHint }));
  }

  /** @param thumbnail which of the payload's thumbnails shows the sample */
  showSample(text: string, thumbnail: number | undefined): void {
    this.about.textContent = text;
    const { thumbnails } = this.payload;
    if (!thumbnails || thumbnail === undefined) {
      this.original?.clear();
      this.reconstruction?.clear();
      return;
    }
    this.original!.show(thumbnails.originals, thumbnail);
    if (thumbnails.reconstructions) this.reconstruction!.show(thumbnails.reconstructions, thumbnail);
  }

  /** @param point what the kernel answered; undefined when none did */
  showDecoded(point: unknown): void {
    const decoded = readDecoded(point, this.payload);
    this.hint.hidden = Boolean(decoded);
    if (decoded?.levels && this.decoded) this.decoded.show(decoded.levels, 0);
    else this.decoded?.clear();
    this.values.textContent =
      decoded?.values
        ?.slice(0, 12)
        .map((value) => compact(value, 3))
        .join('  ') ?? '';
  }
}

/** One small picture with its name. */
class Thumbnail {
  readonly root: HTMLElement;
  private readonly canvas: HTMLCanvasElement;

  constructor(
    name: string,
    private readonly shape: readonly [number, number, number],
  ) {
    this.canvas = element('canvas', { width: shape[1], height: shape[0] });
    this.root = element('div', {}, element('div', { text: name }), this.canvas);
  }

  show(levels: Uint8Array, index: number): void {
    const [height, width, channels] = this.shape;
    const context = this.canvas.getContext('2d')!;
    const image = context.createImageData(width, height);
    levelsToRgba((at) => levels[at]!, channels, index * height * width * channels, image.data);
    context.putImageData(image, 0, 0);
  }

  clear(): void {
    this.canvas.getContext('2d')!.clearRect(0, 0, this.canvas.width, this.canvas.height);
  }
}

/** The kernel's answer, if it has the form and the size of what was asked for. */
function readDecoded(answer: unknown, { thumbnails }: LatentPayload) {
  if (typeof answer !== 'object' || answer === null) return undefined;
  const { levels, values } = answer as DecodedPoint;
  if (typeof levels === 'string' && thumbnails) {
    const [height, width, channels] = thumbnails.imageShape;
    try {
      const bytes = Uint8Array.from(atob(levels), (character) => character.charCodeAt(0));
      return bytes.length === height * width * channels ? { levels: bytes } : undefined;
    } catch {
      return undefined;
    }
  }
  return Array.isArray(values) && values.every((value) => typeof value === 'number') ? { values } : undefined;
}
