import { progressSheet } from '../../drawing/factsPicture.ts';
import { makeCanvas } from '../shared/elements.ts';
import type { Kind } from '../shared/output.ts';
import { ProgressHead } from '../shared/progressHead.ts';
import { type ProgressPayload, parseProgress } from './payload.ts';

export const progressKind: Kind<ProgressPayload & { title?: string }> = {
  name: 'progress',
  tabular: true,
  parse: (value) => parseProgress(value),
  create(payload, { words, kernel }) {
    const head = new ProgressHead(words, kernel);
    let current = payload;
    return {
      root: head.root,
      update: (newer) => {
        current = newer;
      },
      paint: () => head.show(current),
      data: () => ({
        columns: ['name', 'value'],
        rows: [
          ['epoch', current.epoch],
          ['epochs', current.epochs],
          ['seconds', current.seconds],
          ['samples per second', current.samplesPerSecond ?? null],
          ['engine', current.engine],
          ...current.losses.map((loss) => [loss.name, loss.value] as const),
        ],
      }),
      sheet: ({ theme }) => progressSheet(makeCanvas(1, 1).getContext('2d')!, current, theme, words),
    };
  },
};
