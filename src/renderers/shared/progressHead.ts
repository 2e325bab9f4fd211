import { compact, duration, grouped } from '../../drawing/numbers.ts';
import type { ProgressPayload } from '../progress/payload.ts';
import { element } from './elements.ts';
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
  private readonly facts = element('dl', { class: 'aenb-facts' });
  private readonly shown = new Map<string, { root: HTMLElement; value: HTMLElement }>();

  constructor(private readonly words: Words) {
    this.bar.append(this.fill);
    const line = element('div', { class: 'aenb-progress-line' }, this.model, this.state, this.epochs);
    this.root.append(line, this.bar, this.facts);
  }

  show(progress: ProgressPayload): void {
    const { words } = this;
    this.root.dataset.state = progress.state;
    this.model.textContent = progress.model;
    this.state.textContent = words[progress.state];
    this.epochs.textContent = `${grouped(progress.epoch)} / ${grouped(progress.epochs)} ${words.epochs}`;
    this.fill.style.transform = `scaleX(${progress.fraction})`;
    this.bar.setAttribute('aria-valuenow', String(Math.round(progress.fraction * 100)));
    this.bar.setAttribute('aria-label', progress.text);
    const facts: [string, string, string?][] = progress.losses.map((loss) => [
      loss.name,
      compact(loss.value),
      loss.unit,
    ]);
    if (progress.state === 'running') {
      facts.push([words.left, progress.secondsLeft === undefined ? '…' : duration(progress.secondsLeft)]);
    } else facts.push([words.seconds, duration(progress.seconds)]);
    if (progress.samplesPerSecond) {
      facts.push([words.samplesPerSecond, compact(Math.round(progress.samplesPerSecond), 3)]);
    }
    facts.push([words.engine, progress.engine]);
    this.showFacts(facts);
  }

  private showFacts(facts: readonly [string, string, string?][]): void {
    const names = new Set(facts.map(([name]) => name));
    for (const [name, { root }] of this.shown) {
      if (names.has(name)) continue;
      root.remove();
      this.shown.delete(name);
    }
    facts.forEach(([name, value, unit], i) => {
      let fact = this.shown.get(name);
      if (!fact) {
        const text = element('span');
        const root = element('div', { class: 'aenb-fact' }, element('dt', { text: name }));
        root.append(element('dd', {}, text, unit ? element('small', { text: ` ${unit}` }) : undefined));
        fact = { root, value: text };
        this.shown.set(name, fact);
      }
      fact.value.textContent = value;
      if (this.facts.children[i] !== fact.root) this.facts.insertBefore(fact.root, this.facts.children[i] ?? null);
    });
  }
}
