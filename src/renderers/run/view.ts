import { compact, duration, grouped } from '../../drawing/numbers.ts';
import { element } from '../shared/elements.ts';
import type { Kind } from '../shared/output.ts';
import type { Words } from '../shared/words.ts';
import { parseRun, type RunPayload } from './payload.ts';

export const runKind: Kind<RunPayload & { title?: string }> = {
  name: 'run',
  tabular: true,
  parse: parseRun,
  create(payload, { words, slot }) {
    // The summary is all head: it needs no picture below.
    let run = payload;
    const fill = () => slot.replaceChildren(headLine(run, words), facts(run, words));
    fill();
    return {
      root: element('div'),
      update(newer) {
        run = newer;
        fill();
      },
      paint: () => undefined,
      data: () => ({
        columns: ['name', 'first', 'last'],
        rows: run.losses.map((loss) => [loss.name, loss.first, loss.last]),
      }),
    };
  },
};

function headLine(run: RunPayload, words: Words): HTMLElement {
  const about = [
    `${grouped(run.epochs)} ${words.epochs}`,
    duration(run.seconds),
    `${compact(Math.round(run.samplesPerSecond), 3)} ${words.samplesPerSecond}`,
    run.engine,
    `${words.seed} ${run.seed}`,
  ];
  return element(
    'div',
    { class: 'aenb-run-line', 'data-state': run.state },
    element('span', { class: 'aenb-run-model', text: run.model }),
    element('span', { text: words[run.state] }),
    element('span', { class: 'aenb-run-about', text: about.join(' · ') }),
  );
}

function facts(run: RunPayload, words: Words): HTMLElement {
  const entries = run.losses.map(({ name, first, last }, i) => {
    const unit = i === 0 ? element('small', { text: ` ${run.unit}` }) : undefined;
    const value = element('dd', {}, document.createTextNode(`${compact(first)} → ${compact(last)}`), unit);
    return element('div', {}, element('dt', { text: name }), value);
  });
  if (run.bestEpoch) {
    const best = element('dd', { text: `${words.epoch} ${grouped(run.bestEpoch)}` });
    entries.push(element('div', {}, element('dt', { text: words.best }), best));
  }
  return element('dl', { class: 'aenb-run-facts' }, ...entries);
}
