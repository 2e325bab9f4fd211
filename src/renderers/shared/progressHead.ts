import { type Fact, progressFacts } from '../../drawing/factsPicture.ts';
import { grouped } from '../../drawing/numbers.ts';
import type { ProgressPayload } from '../progress/payload.ts';
import { element, icon } from './elements.ts';
import type { Kernel } from './messages.ts';
import type { Words } from './words.ts';

/** A training's bar and figures, which change in place. */
export class ProgressHead {
  readonly root = element('div', { class: 'aenb-progress' });
  private readonly state = element('span', { class: 'aenb-progress-state' });
  private readonly model = element('span', { class: 'aenb-progress-model' });
  private readonly epochs = element('span', { class: 'aenb-progress-epochs' });
  private readonly fill = element('div');
  private readonly bar = element('div', {
    class: 'aenb-bar',
    role: 'progressbar',
    'aria-valuemin': 0,
    'aria-valuemax': 100,
  });
  private readonly canStop: boolean;
  private readonly facts = element('dl', { class: 'aenb-facts' });
  private readonly shown = new Map<string, { root: HTMLElement; value: HTMLElement }>();

  private readonly stop = element('button', { class: 'aenb-tool aenb-stop', type: 'button' });

  constructor(
    private readonly words: Words,
    kernel: Kernel,
  ) {
    this.bar.append(this.fill);
    this.stop.append(icon('M4 4h8v8H4z'), element('span', { text: words.stop }));
    this.stop.addEventListener('click', () => {
      // As the toolbar's interrupt does: the training ends after its batch, and the weights are kept.
      kernel.tell({ interrupt: true });
      this.stop.disabled = true;
      this.state.textContent = words.stopping;
    });
    this.stop.hidden = !kernel.reachable;
    this.canStop = kernel.reachable;
    const line = element('div', { class: 'aenb-progress-line' }, this.model, this.state, this.epochs, this.stop);
    this.root.append(line, this.bar, this.facts);
  }

  show(progress: ProgressPayload): void {
    const { words } = this;
    this.root.dataset.state = progress.state;
    this.model.textContent = progress.model;
    const running = progress.state === 'running';
    this.state.textContent = running && this.stop.disabled ? words.stopping : words[progress.state];
    this.stop.hidden = !running || !this.canStop;
    if (!running) this.stop.disabled = false;
    this.epochs.textContent = `${grouped(progress.epoch)} / ${grouped(progress.epochs)} ${words.epochs}`;
    this.fill.style.transform = `scaleX(${progress.fraction})`;
    this.bar.setAttribute('aria-valuenow', String(Math.round(progress.fraction * 100)));
    this.bar.setAttribute('aria-label', progress.text);
    this.showFacts(progressFacts(progress, words));
  }

  private showFacts(facts: readonly Fact[]): void {
    const names = new Set(facts.map(([name]) => name));
    for (const [name, { root }] of this.shown) {
      if (names.has(name)) continue;
      root.remove();
      this.shown.delete(name);
    }
    facts.forEach(([name, value], i) => {
      let fact = this.shown.get(name);
      if (!fact) {
        const text = element('span');
        const root = element('div', { class: 'aenb-fact' }, element('dt', { text: name }));
        root.append(element('dd', {}, text));
        fact = { root, value: text };
        this.shown.set(name, fact);
      }
      fact.value.textContent = value;
      if (this.facts.children[i] !== fact.root) this.facts.insertBefore(fact.root, this.facts.children[i] ?? null);
    });
  }
}
