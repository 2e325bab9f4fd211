import { axisName, type LatentAxis, type LatentView } from '../../drawing/latentPicture.ts';
import { element } from '../shared/elements.ts';
import { tool } from '../shared/output.ts';
import type { Words } from '../shared/words.ts';
import type { LatentPayload } from './payload.ts';

/** What dragging over the map does. */
export type Mode = 'move' | 'walk' | 'lasso';

const icons = {
  move: 'M8 1.8v12.4M1.8 8h12.4M6.3 3.5 8 1.8l1.7 1.7M6.3 12.5 8 14.2l1.7-1.7M3.5 6.3 1.8 8l1.7 1.7M12.5 6.3 14.2 8l-1.7 1.7',
  walk: 'M3 13.2a1.4 1.4 0 1 1 .1 0M13 5.6a1.4 1.4 0 1 1 .1 0M4.2 11l2-1.7M7.4 8.2l1.2-1M9.8 6.2l1.8-1.5',
  lasso:
    'M8 2.5c3.4 0 5.7 1.6 5.7 3.8S11.4 10 8 10 2.3 8.5 2.3 6.3 4.6 2.5 8 2.5M5 9.6c-1.8.7-1.6 2.9.3 2.7 1.7-.2 1.2-2.1.2-2.2',
  play: 'M5 3l8 5-8 5z',
  pause: 'M5 3v10M11 3v10',
};
const millisecondsPerSnapshot = 700;

/** The row of choices above the map. */
export class LatentControls {
  readonly root = element('div', { class: 'aenb-controls' });
  private slider: HTMLInputElement | undefined;
  private sliderText = element('span');
  private playTool: HTMLButtonElement | undefined;
  private frame: number | undefined;

  constructor(
    private readonly payload: LatentPayload,
    private readonly words: Words,
    private readonly chosen: {
      axes(axes: LatentView['axes']): void;
      colour(colour: LatentView['colour']): void;
      mode(mode: Mode): void;
      moment(moment: number | undefined): void;
    },
  ) {}

  /** Makes the controls that this payload gives a reason for. */
  build(view: LatentView, mode: Mode): void {
    const { payload, words } = this;
    this.root.replaceChildren(this.modes(mode));
    if (payload.latents > 2 || (payload.latents === 2 && payload.components)) {
      this.root.append(this.axis(view, 0), this.axis(view, 1));
    }
    if (payload.errors && payload.classes) {
      const select = element(
        'select',
        {},
        ...(['class', 'error'] as const).map((value) =>
          element('option', { value, text: words[value], selected: value === view.colour }),
        ),
      );
      select.addEventListener('change', () => this.chosen.colour(select.value as LatentView['colour']));
      this.root.append(labelled(words.colouredBy, select));
    }
    if (payload.snapshots?.epochs.length) this.root.append(this.replay(payload.snapshots.epochs));
  }

  private modes(mode: Mode): HTMLElement {
    const { words } = this;
    const group = element('div', { class: 'aenb-modes', role: 'radiogroup', 'aria-label': words.modes });
    const buttons = (['move', 'walk', 'lasso'] as const).map((one) => {
      const button = tool(words[one], icons[one], () => {
        for (const other of buttons) other.setAttribute('aria-checked', String(other === button));
        this.chosen.mode(one);
      });
      button.setAttribute('role', 'radio');
      button.setAttribute('aria-checked', String(one === mode));
      return button;
    });
    group.append(...buttons);
    return group;
  }

  /** What lies along an axis: a latent or a principal component. */
  private axis(view: LatentView, which: 0 | 1): HTMLElement {
    const { payload, words } = this;
    const count = payload.latents + (payload.components ? 2 : 0);
    const options = Array.from({ length: count }, (_, axis) =>
      element('option', { value: axis, text: axisName(payload, axis, words), selected: axis === view.axes[which] }),
    );
    const select = element('select', {}, ...options);
    let axes: readonly [LatentAxis, LatentAxis] = view.axes;
    select.addEventListener('change', () => {
      axes = which === 0 ? [Number(select.value), this.axes[1]] : [this.axes[0], Number(select.value)];
      this.axes = axes;
      this.chosen.axes(axes);
    });
    this.axes = axes;
    return labelled(which === 0 ? words.horizontal : words.vertical, select);
  }
  private axes: readonly [LatentAxis, LatentAxis] = [0, 1];

  private replay(epochs: readonly number[]): HTMLElement {
    const { words } = this;
    const slider = element('input', { type: 'range', min: 0, max: epochs.length, step: 1, value: epochs.length });
    this.slider = slider;
    slider.setAttribute('aria-label', words.epoch);
    slider.addEventListener('input', () => {
      this.pause();
      this.go(Number(slider.value));
    });
    this.playTool = tool(words.replay, icons.play, () => (this.frame === undefined ? this.play() : this.pause()));
    this.sayMoment(epochs.length);
    return element('label', {}, this.playTool, slider, this.sliderText);
  }

  private go(at: number): void {
    const last = this.payload.snapshots!.epochs.length;
    this.slider!.value = String(Math.floor(at));
    this.sayMoment(Math.floor(at));
    this.chosen.moment(at >= last ? undefined : Math.min(at, last - 1));
  }

  private sayMoment(at: number): void {
    const epoch = this.payload.snapshots!.epochs[at];
    const text = epoch === undefined ? this.words.finished : `${this.words.epoch} ${epoch}`;
    this.sliderText.textContent = text;
    this.slider!.setAttribute('aria-valuetext', text);
  }

  /** From the first snapshot to the finished map; points glide from one to the next, unless motion is to be reduced. */
  private play(): void {
    const last = this.payload.snapshots!.epochs.length;
    const still = matchMedia('(prefers-reduced-motion: reduce)').matches;
    const start = performance.now();
    const next = (now: number) => {
      const at = Math.min(last, Math.max(0, now - start) / millisecondsPerSnapshot);
      this.go(still ? Math.floor(at) : at);
      this.frame = at < last ? requestAnimationFrame(next) : undefined;
      this.playTool?.setAttribute('aria-pressed', String(this.frame !== undefined));
    };
    this.frame = requestAnimationFrame(next);
  }

  private pause(): void {
    if (this.frame !== undefined) cancelAnimationFrame(this.frame);
    this.frame = undefined;
    this.playTool?.setAttribute('aria-pressed', 'false');
  }

  dispose(): void {
    this.pause();
  }
}

function labelled(name: string, control: HTMLElement): HTMLElement {
  return element('label', {}, document.createTextNode(name), control);
}
