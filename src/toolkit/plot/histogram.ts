import { HISTOGRAM_MIME, type HistogramPayload } from '../../renderers/histogram/payload.ts';
import { counted, type Displayable, displayable, floatsToBase64, type Picture, spoken } from './display.ts';
import { finiteRange } from './inputs.ts';

/** A payload as it is written, with its numbers still to be packed. */
type Unpacked = Omit<HistogramPayload, 'groups' | 'facts'> & {
  readonly groups: readonly {
    readonly name: string;
    readonly positive?: boolean;
    readonly values: ArrayLike<number>;
  }[];
  readonly facts?: HistogramPayload['facts'];
};

const mostValues = 1_000_000;

/**
 * How numbers are distributed, several groups over each other as shares of each group.
 *
 * @param groups numbers, or numbers by name; what is not finite is left out
 * @throws TypeError if there is no group, RangeError if there are more than a million numbers
 */
export function histogram(
  groups: ArrayLike<number> | Readonly<Record<string, ArrayLike<number>>>,
  options: { x?: string; title?: string } = {},
): Displayable {
  const named = isNumbers(groups) ? { values: groups } : groups;
  const entries = Object.entries(named ?? {});
  if (!entries.length) throw new TypeError('histogram needs numbers, or numbers by name, got none');
  const said = entries.map(([name, values]) => {
    const range = finiteRange(values);
    return `${name}, ${counted(values.length, 'value')}${range ? ` from ${spoken(range[0])} to ${spoken(range[1])}` : ''}`;
  });
  return displayable(
    histogramPicture({
      title: options.title,
      text: `Histogram: ${said.join('; ')}.`,
      xLabel: options.x,
      groups: entries.map(([name, values]) => ({ name, values })),
    }),
  );
}

function isNumbers(value: unknown): value is ArrayLike<number> {
  return Array.isArray(value) || ArrayBuffer.isView(value);
}

export function histogramPicture({ groups, ...rest }: Unpacked): Picture {
  const total = groups.reduce((sum, { values }) => sum + values.length, 0);
  if (total > mostValues) throw new RangeError(`a histogram holds at most ${mostValues} numbers, got ${total}`);
  return {
    mime: HISTOGRAM_MIME,
    payload: {
      ...rest,
      groups: groups.map(({ name, positive = false, values }) => {
        const finite = Float32Array.from(values).filter(Number.isFinite);
        return { name, positive, count: finite.length, values: floatsToBase64(finite) };
      }),
    },
  };
}
