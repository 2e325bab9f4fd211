import type { Context, MakeCanvas } from '../../drawing/canvas.ts';
import { Chart, paintChart } from '../../drawing/chart.ts';
import { compact } from '../../drawing/numbers.ts';
import { type ScatterConfiguration, scatterChart, scatterLegend } from '../../drawing/scatterChart.ts';
import { element } from '../shared/elements.ts';
import { makeLegend } from '../shared/legend.ts';
import type { Frame, Kind, Surroundings, View } from '../shared/output.ts';
import { parseScatter, type ScatterPayload } from './payload.ts';

class ScatterView implements View<ScatterPayload> {
  readonly root = element('div');
  private readonly canvas = element('canvas', { role: 'img', tabindex: 0 });
  private readonly figure = element('div', { class: 'aenb-figure' }, this.canvas);
  private readonly legend = makeLegend((name) => {
    if (!this.hidden.delete(name)) this.hidden.add(name);
    this.frame.repaint();
  });
  private readonly hidden = new Set<string>();
  private chart: Chart<'scatter'> | undefined;
  /** Series and point that the arrow keys have reached. */
  private readonly at = { series: 0, rank: -1 };

  constructor(
    private payload: ScatterPayload,
    private readonly frame: Frame,
  ) {
    frame.slot.append(this.legend.root);
    this.root.append(this.figure);
    this.canvas.addEventListener('keydown', (event) => this.key(event));
    this.canvas.addEventListener('blur', () => this.point(-1));
  }

  update(payload: ScatterPayload): void {
    this.payload = payload;
  }

  paint({ theme, width: room }: Surroundings): void {
    const { payload } = this;
    // A single series needs no name.
    this.legend.show(payload.series.length > 1 ? scatterLegend(payload, theme) : [], this.hidden);
    this.canvas.setAttribute('aria-label', `${payload.text} ${this.frame.words.keyboardHint}`);
    const { width, height } = sizeIn(room);
    this.figure.style.height = `${height}px`;
    this.draw(scatterChart(payload, this.hidden, theme), width, height);
  }

  private draw(configuration: ScatterConfiguration, width: number, height: number): void {
    if (!this.chart) {
      this.canvas.width = width;
      this.canvas.height = height;
      this.canvas.style.width = `${width}px`;
      this.canvas.style.height = `${height}px`;
      this.chart = new Chart(this.canvas, configuration);
      return;
    }
    this.chart.data = configuration.data;
    this.chart.options = configuration.options!;
    if (this.chart.width !== width || this.chart.height !== height) this.chart.resize(width, height);
    this.chart.update('none');
  }

  /** Left and right walk through a series' points by their x, up and down change the series. */
  private key(event: KeyboardEvent): void {
    const shown = this.payload.series.flatMap((series, i) =>
      this.hidden.has(series.name) || !series.count ? [] : [i],
    );
    if (!shown.length) return;
    if (!shown.includes(this.at.series)) this.at.series = shown[0]!;
    const last = this.payload.series[this.at.series]!.count - 1;
    const place = shown.indexOf(this.at.series);
    if (event.key === 'ArrowRight') this.point(Math.min(last, this.at.rank + 1));
    else if (event.key === 'ArrowLeft') this.point(Math.max(0, this.at.rank - 1));
    else if (event.key === 'Home') this.point(0);
    else if (event.key === 'End') this.point(last);
    else if (event.key === 'Escape') this.point(-1);
    else if (event.key === 'ArrowUp' || event.key === 'ArrowDown') {
      const step = event.key === 'ArrowUp' ? 1 : shown.length - 1;
      this.at.series = shown[(place + step) % shown.length]!;
      this.point(Math.max(0, Math.min(this.at.rank, this.payload.series[this.at.series]!.count - 1)));
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }

  private point(rank: number): void {
    this.at.rank = rank;
    const { chart } = this;
    const series = this.payload.series[this.at.series];
    if (!chart || !series) return;
    const elements = rank < 0 ? [] : [{ datasetIndex: this.at.series, index: byX(series)[rank]! }];
    chart.setActiveElements(elements);
    chart.tooltip?.setActiveElements(elements, { x: 0, y: 0 });
    chart.update('none');
    const [active] = elements;
    if (!active) return;
    const [x, y] = [series.points[2 * active.index], series.points[2 * active.index + 1]];
    this.frame.say(`${series.name} ${compact(x)}, ${compact(y)}`);
  }

  data() {
    const { series, xLabel, yLabel } = this.payload;
    return {
      columns: [this.frame.words.series, xLabel ?? 'x', yLabel ?? 'y'],
      rows: series.flatMap((one) =>
        Array.from({ length: one.count }, (_, i) => [one.name, one.points[2 * i]!, one.points[2 * i + 1]!]),
      ),
    };
  }

  sheet({ theme, width: room }: Surroundings) {
    const { payload } = this;
    const size = sizeIn(room);
    const legend = payload.series.length > 1 ? scatterLegend(payload, theme) : [];
    return {
      ...size,
      heading: { title: payload.title, legend: legend.filter((entry) => !this.hidden.has(entry.name)) },
      paint: (context: Context, make: MakeCanvas) =>
        paintChart(context, scatterChart(payload, this.hidden, theme), size, make),
    };
  }

  dispose(): void {
    this.chart?.destroy();
  }
}

function sizeIn(room: number): { width: number; height: number } {
  const width = Math.min(room, 680);
  return { width, height: Math.round(Math.min(440, Math.max(240, width * 0.68))) };
}

function byX({ points, count }: ScatterPayload['series'][number]): number[] {
  return Array.from({ length: count }, (_, i) => i).sort((a, b) => points[2 * a]! - points[2 * b]!);
}

export const scatterKind: Kind<ScatterPayload> = {
  name: 'scatter',
  parse: parseScatter,
  create: (payload, frame) => new ScatterView(payload, frame),
};
