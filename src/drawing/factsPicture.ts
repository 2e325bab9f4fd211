import type { ProgressPayload } from '../renderers/progress/payload.ts';
import type { RunPayload } from '../renderers/run/payload.ts';
import { type Context, fitText, font } from './canvas.ts';
import { compact, duration, grouped } from './numbers.ts';
import type { Sheet } from './sheet.ts';
import type { Theme } from './theme.ts';
import type { SummaryWords } from './words.ts';

/** A name and what it came to, such as `loss` and `0.02 → 0.01`. */
export type Fact = readonly [name: string, value: string];

/** What a training did, in one line. */
export function runAbout(run: RunPayload, words: SummaryWords): string {
  return [
    `${grouped(run.epochs)} ${words.epochs}`,
    duration(run.seconds),
    `${compact(Math.round(run.samplesPerSecond), 3)} ${words.samplesPerSecond}`,
    run.engine,
    `${words.seed} ${run.seed}`,
  ].join(' · ');
}

export function runFacts(run: RunPayload, words: SummaryWords): Fact[] {
  const facts = run.losses.map(({ name, first, last }, i): Fact => {
    const unit = i === 0 ? ` ${run.unit}` : '';
    return [name, `${compact(first)} → ${compact(last)}${unit}`];
  });
  if (run.bestEpoch) facts.push([words.best, `${words.epoch} ${grouped(run.bestEpoch)}`]);
  return facts;
}

/** @param ruler measures the texts */
export function runSheet(ruler: Context, run: RunPayload, theme: Theme, words: SummaryWords): Sheet {
  return factsSheet(ruler, {
    title: `${run.model}  ${words[run.state]}`,
    subtitle: runAbout(run, words),
    facts: runFacts(run, words),
    theme,
  });
}

/** Losses, and the time: what is left of it, or what it took. */
export function progressFacts(progress: ProgressPayload, words: SummaryWords): Fact[] {
  const facts = progress.losses.map(
    (loss): Fact => [loss.name, `${compact(loss.value)}${loss.unit ? ` ${loss.unit}` : ''}`],
  );
  if (progress.state === 'running') {
    facts.push([words.left, progress.secondsLeft === undefined ? '…' : duration(progress.secondsLeft)]);
  } else facts.push([words.seconds, duration(progress.seconds)]);
  if (progress.samplesPerSecond) {
    facts.push([words.samplesPerSecond, compact(Math.round(progress.samplesPerSecond), 3)]);
  }
  facts.push([words.engine, progress.engine]);
  return facts;
}

/** @param ruler measures the texts */
export function progressSheet(ruler: Context, progress: ProgressPayload, theme: Theme, words: SummaryWords): Sheet {
  return factsSheet(ruler, {
    title: `${progress.model}  ${words[progress.state]}`,
    subtitle: `${grouped(progress.epoch)} / ${grouped(progress.epochs)} ${words.epochs}`,
    facts: progressFacts(progress, words),
    fraction: progress.fraction,
    theme,
  });
}

const width = 560;
const rowHeight = 22;
const barHeight = 12;
/** Between a name and its value, and between facts. */
const nameGap = 7;
const factGap = 22;

interface PlacedFact {
  readonly fact: Fact;
  readonly x: number;
  readonly row: number;
  readonly valueX: number;
}

/** Facts beside each other as far as they fit, the others in further rows. */
function layOutFacts(ruler: Context, facts: readonly Fact[], theme: Theme): PlacedFact[] {
  ruler.font = font(theme);
  let [x, row] = [0, 0];
  return facts.map(([name, value]): PlacedFact => {
    const fact: Fact = [fitText(ruler, name, width / 2), fitText(ruler, value, width / 2 - nameGap)];
    const [nameWidth, valueWidth] = fact.map((text) => ruler.measureText(text).width) as [number, number];
    const whole = nameWidth + nameGap + valueWidth;
    if (x && x + whole > width) [x, row] = [0, row + 1];
    const placed = { fact, x, row, valueX: x + nameWidth + nameGap };
    x += whole + factGap;
    return placed;
  });
}

function factsSheet(
  ruler: Context,
  about: {
    title: string;
    subtitle: string;
    facts: readonly Fact[];
    /** Of a bar above the facts. */
    fraction?: number;
    theme: Theme;
  },
): Sheet {
  const { theme, facts, fraction } = about;
  const top = fraction === undefined ? 0 : barHeight;
  const placed = layOutFacts(ruler, facts, theme);
  const rows = placed.length ? placed.at(-1)!.row + 1 : 0;
  return {
    width,
    height: top + rows * rowHeight,
    heading: { title: about.title, subtitle: about.subtitle },
    paint(context: Context) {
      if (fraction !== undefined) {
        context.fillStyle = theme.grid;
        context.fillRect(0, 0, width, 4);
        context.fillStyle = theme.palette[0]!;
        context.fillRect(0, 0, width * fraction, 4);
      }
      context.font = font(theme);
      context.textAlign = 'left';
      context.textBaseline = 'middle';
      for (const { fact, x, row, valueX } of placed) {
        const y = top + (row + 0.5) * rowHeight;
        context.fillStyle = theme.muted;
        context.fillText(fact[0], x, y);
        context.fillStyle = theme.text;
        context.fillText(fact[1], valueX, y);
      }
    },
  };
}
