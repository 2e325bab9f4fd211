import type { Theme } from '../../drawing/theme.ts';
import { element, prepareCanvas } from '../shared/elements.ts';
import type { Words } from '../shared/words.ts';
import type { LatentPayload } from './payload.ts';
import { paintThumbnail, proportion, type ThumbnailShape } from './thumbnail.ts';

/** What lies under the cursor: a sample with its reconstruction, and the decoded point. Its room is always there. */
export class LookPanel {
  readonly root = element('div', { class: 'aenb-latent-look' });
  private readonly about = element('div', { class: 'aenb-latent-about' });
  private readonly original: Picture | undefined;
  private readonly reconstruction: Picture | undefined;
  private readonly decoded: Picture | undefined;

  /** @param note said below the decoded point while no kernel answers */
  constructor(
    private readonly payload: LatentPayload,
    words: Words,
    options: { decodes: boolean; note: HTMLElement },
  ) {
    const { thumbnails } = payload;
    this.root.append(this.about);
    if (thumbnails) {
      this.original = new Picture(words.original, thumbnails);
      this.root.append(this.original.root);
      if (thumbnails.reconstructions) {
        this.reconstruction = new Picture(words.reconstruction, thumbnails);
        this.root.append(this.reconstruction.root);
      }
      if (options.decodes) {
        this.decoded = new Picture(words.decoded, thumbnails);
        this.root.append(this.decoded.root, options.note);
      }
    }
    this.root.append(element('div', { class: 'aenb-latent-hint', text: words.zoomHint }));
  }

  set theme(theme: Theme) {
    for (const picture of [this.original, this.reconstruction, this.decoded]) picture?.paintIn(theme);
  }

  /** @param thumbnail which of the payload's thumbnails shows the sample */
  showSample(text: string, thumbnail: number | undefined): void {
    this.about.textContent = text;
    const { thumbnails } = this.payload;
    if (!thumbnails) return;
    this.original!.show(thumbnail === undefined ? undefined : thumbnails.originals, thumbnail);
    this.reconstruction?.show(thumbnail === undefined ? undefined : thumbnails.reconstructions, thumbnail);
  }

  /** A sample that the kernel sent: original, then reconstruction. */
  showSent(levels: Uint8Array): void {
    this.original?.show(levels, 0);
    this.reconstruction?.show(levels, 1);
  }

  showDecoded(levels: Uint8Array | undefined): void {
    this.decoded?.show(levels, 0);
  }
}

const height = 84;

/** One small picture with its name. */
class Picture {
  readonly root: HTMLElement;
  private readonly canvas = element('canvas');
  private shown: { levels: Uint8Array; index: number } | undefined;
  private theme: Theme | undefined;

  constructor(
    name: string,
    private readonly shape: ThumbnailShape,
  ) {
    this.root = element('div', {}, element('div', { text: name }), this.canvas);
  }

  paintIn(theme: Theme): void {
    this.theme = theme;
    this.draw();
  }

  show(levels: Uint8Array | undefined, index = 0): void {
    this.shown = levels && { levels, index };
    this.draw();
  }

  private draw(): void {
    const width = Math.round(height * proportion(this.shape));
    const context = prepareCanvas(this.canvas, width, height);
    if (!this.shown || !this.theme) return;
    paintThumbnail(context, this.shape, this.shown.levels, this.shown.index, { x: 0, y: 0, width, height }, this.theme);
  }
}
