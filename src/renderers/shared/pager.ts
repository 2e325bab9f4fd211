/** Turning the pages of an output whose samples the kernel holds. */
import { grouped } from '../../drawing/numbers.ts';
import { element } from './elements.ts';
import { kernelNote } from './kernelNote.ts';
import { type Frame, tool } from './output.ts';

/** What a payload has that is the first page of more. */
export interface Paged {
  /** Samples that the kernel holds. */
  readonly total?: number;
  /** The kernel's ear for further pages. */
  readonly channel?: string;
}

const icons = { previous: 'M10 3 5 8l5 5', next: 'M6 3l5 5-5 5' };
const patience = 20_000;

export class Pager {
  /** Below the picture; empty where there is nothing to turn. */
  readonly root: HTMLElement;
  /** Of all samples, the one that the page begins with. */
  from = 0;
  private readonly bar: HTMLElement;
  private readonly text = element('span');
  private readonly previous: HTMLButtonElement;
  private readonly next: HTMLButtonElement;
  private readonly note: HTMLElement;
  private first: Paged = {};
  /** Samples of a full page. */
  private size = 0;
  private shown = 0;
  private asking = false;
  /** Where the reader wants to go while an answer is on its way. */
  private wanted: number | undefined;

  /**
   * @param show takes the kernel's answer and tells how many samples it has; throws if it is no such page
   * @param more what a question says beside the page
   */
  constructor(
    private readonly frame: Frame,
    private readonly show: (answer: unknown) => number,
    private readonly more: () => Readonly<Record<string, unknown>> = () => ({}),
  ) {
    const { words } = frame;
    this.previous = tool(words.previousPage, icons.previous, () => void this.turn(this.from - this.size));
    this.next = tool(words.nextPage, icons.next, () => void this.turn(this.from + this.size));
    this.note = kernelNote(frame, () => this.first.channel);
    const bar = { class: 'aenb-pager', role: 'group', 'aria-label': words.pages };
    this.bar = element('div', bar, this.previous, this.text, this.next);
    this.root = element('div', {}, this.bar, this.note);
  }

  /** Begins anew with the first page. */
  begin(first: Paged, samples: number): void {
    this.first = first;
    this.size = this.shown = samples;
    this.from = 0;
    this.note.hidden = true;
    this.refresh();
  }

  /** There are more pages, and somebody to ask for them. */
  get turns(): boolean {
    return Boolean(this.first.channel && this.frame.kernel.reachable && this.total > this.size);
  }

  private get total(): number {
    return this.first.total ?? this.size;
  }

  /** Asks the kernel for the page that begins at a sample; one question at a time, while it is out the newest waits. */
  async turn(to: number): Promise<void> {
    if (!this.turns) return;
    this.wanted = to;
    if (this.asking) return;
    this.asking = true;
    while (this.wanted !== undefined) {
      const from: number = Math.max(0, Math.min(this.total - 1, this.wanted));
      this.wanted = undefined;
      await this.fetch(from);
    }
    this.asking = false;
  }

  private async fetch(from: number): Promise<void> {
    const { channel } = this.first;
    const page = { ...this.more(), from, count: Math.min(this.size, this.total - from) };
    const answer = await this.frame.kernel.ask(channel!, page, patience);
    // Meanwhile the output may have become another one.
    if (channel !== this.first.channel) return;
    this.note.hidden = this.accept(answer, from);
    if (!this.note.hidden) return;
    this.refresh();
    this.frame.repaint();
    this.frame.say(this.text.textContent ?? '');
  }

  private accept(answer: unknown, from: number): boolean {
    if (answer === undefined) return false;
    const before = this.from;
    try {
      this.from = from;
      this.shown = this.show(answer);
      return true;
    } catch {
      this.from = before;
      return false;
    }
  }

  private refresh(): void {
    this.bar.hidden = !this.turns;
    const to = Math.min(this.total, this.from + this.shown);
    this.text.textContent = this.frame.words.page(grouped(this.from + 1), grouped(to), grouped(this.total));
    this.previous.disabled = this.from === 0;
    this.next.disabled = to >= this.total;
  }
}
