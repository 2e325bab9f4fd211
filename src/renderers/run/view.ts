import { runAbout, runFacts, runSheet } from '../../drawing/factsPicture.ts';
import { element, makeCanvas } from '../shared/elements.ts';
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
      sheet: ({ theme }) => runSheet(makeCanvas(1, 1).getContext('2d')!, run, theme, words),
    };
  },
};

function headLine(run: RunPayload, words: Words): HTMLElement {
  return element(
    'div',
    { class: 'aenb-run-line', 'data-state': run.state },
    element('span', { class: 'aenb-run-model', text: run.model }),
    element('span', { text: words[run.state] }),
    element('span', { class: 'aenb-run-about', text: runAbout(run, words) }),
  );
}

function facts(run: RunPayload, words: Words): HTMLElement {
  const entries = runFacts(run, words).map(([name, value]) =>
    element('div', {}, element('dt', { text: name }), element('dd', { text: value })),
  );
  return element('dl', { class: 'aenb-run-facts' }, ...entries);
}
