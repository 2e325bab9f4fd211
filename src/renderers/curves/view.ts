import type { Context, MakeCanvas } from '../../drawing/canvas.ts';
import { Chart, paintChart } from '../../drawing/chart.ts';
import {
  alongAxis,
  type CurvesAxis,
  type CurvesConfiguration,
  curvesAxes,
  curvesChart,
  curvesLegend,
} from '../../drawing/curvesChart.ts';
import { compact } from '../../drawing/numbers.ts';
import { element } from '../shared/elements.ts';
import { makeLegend } from '../shared/legend.ts';
import { type Frame, type Kind, type Surroundings, tool, type View } from '../shared/output.ts';
import { ProgressHead } from '../shared/progressHead.ts';
import { type CurvesPayload, parseCurves } from './payload.ts';

const logIcon = 'M2.5 2.5v11h11M4.5 11.5c.6-5.5 2.5-8 9-8.5';

class CurvesView implements View<CurvesPayload> {
  readonly root = element('div');
  private readonly canvas = element('canvas', { role: 'img', tabindex: 0 });
  private readonly figure = element('div', { class: 'aenb-figure' }, this.canvas);
  private readonly progress: ProgressHead;
  private readonly legend = makeLegend((name) => this.toggle(name));
  private readonly logTool: HTMLElement;
  private readonly hidden: Set<string>;
  private log: boolean;
  private axis: CurvesAxis = 'epoch';
  private readonly axes = element('div', { class: 'aenb-controls', hidden: true });
  private chart: Chart<'line'> | undefined;
  /** Position that the arrow keys have reached. */
  private at = -1;

  constructor(
    private payload: CurvesPayload,
    private readonly frame: Frame,
  ) {
    this.log = payload.log;
    this.hidden = new Set(payload.series.filter((series) => !series.shown).map((series) => series.name));
    this.progress = new ProgressHead(frame.words, frame.kernel);
    this.logTool = tool(frame.words.logarithmic, logIcon, () => {
      this.log = !this.log;
      frame.repaint();
    });
    frame.addTool(this.logTool);
    frame.slot.append(this.progress.root, this.axes, this.legend.root);
    this.offerAxes();
    this.root.append(this.figure);
    this.canvas.addEventListener('keydown', (event) => this.key(event));
    this.canvas.addEventListener('blur', () => this.point(-1));
  }

  update(payload: CurvesPayload): void {
    this.payload = payload;
    this.offerAxes();
  }

  /** Epochs, steps or seconds; while a network trains there are only epochs, and nothing to choose. */
  private offerAxes(): void {
    const known = curvesAxes(this.payload);
    if (known.length < 2 || this.axes.childElementCount) return;
    const select = element(
      'select',
      {},
      ...known.map((value) => element('option', { value, text: this.nameOf(value) })),
    );
    select.addEventListener('change', () => {
      this.axis = select.value as CurvesAxis;
      this.frame.repaint();
    });
    this.axes.append(element('label', {}, document.createTextNode(this.frame.words.horizontalAxis), select));
    this.axes.hidden = false;
  }

  private nameOf(axis: CurvesAxis): string {
    const { words } = this.frame;
    return { epoch: words.epoch, step: words.step, seconds: words.secondsAxis }[axis];
  }

  /** The payload as it is drawn: along the axis that was chosen. */
  private get drawn(): CurvesPayload {
    return alongAxis(this.payload, this.axis, this.nameOf(this.axis));
  }

  paint({ theme, width }: Surroundings): void {
    const { payload } = this;
    this.progress.root.hidden = !payload.progress;
    if (payload.progress) this.progress.show(payload.progress);
    this.legend.show(curvesLegend(payload, theme), this.hidden);
    this.logTool.setAttribute('aria-pressed', String(this.log));
    this.canvas.setAttribute('aria-label', `${payload.text} ${this.frame.words.keyboardHint}`);
    const height = this.height(width);
    this.figure.style.height = `${height}px`;
    this.draw(curvesChart(this.drawn, { log: this.log, hidden: this.hidden }, theme, this.frame.words), width, height);
  }

  private height(width: number): number {
    return Math.round(Math.min(340, Math.max(200, width * 0.42)));
  }

  /** The chart is made once; later data, options and sizes go into the same one, so that nothing flickers. */
  private draw(configuration: CurvesConfiguration, width: number, height: number): void {
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
    this.chart.config.plugins!.splice(0, Number.POSITIVE_INFINITY, ...configuration.plugins!);
    if (this.chart.width !== width || this.chart.height !== height) this.chart.resize(width, height);
    this.chart.update('none');
  }

  private toggle(name: string): void {
    if (!this.hidden.delete(name)) this.hidden.add(name);
    this.frame.repaint();
  }

  private key(event: KeyboardEvent): void {
    const last = Math.max(...this.payload.series.map((series) => series.values.length)) - 1;
    const steps: Record<string, number> = {
      ArrowRight: Math.min(last, this.at + 1),
      ArrowLeft: Math.max(0, this.at - 1),
      Home: 0,
      End: last,
      Escape: -1,
    };
    const next = steps[event.key];
    if (next === undefined || last < 0) return;
    event.preventDefault();
    event.stopPropagation();
    this.point(next);
  }

  /** Shows the values at a position as the mouse would, and says them. */
  private point(index: number): void {
    this.at = index;
    const { chart } = this;
    if (!chart) return;
    const elements = chart.data.datasets.flatMap((dataset, datasetIndex) =>
      index >= 0 && index < dataset.data.length && chart.isDatasetVisible(datasetIndex)
        ? [{ datasetIndex, index }]
        : [],
    );
    chart.setActiveElements(elements);
    chart.tooltip?.setActiveElements(elements, { x: 0, y: 0 });
    chart.update('none');
    if (index < 0) return;
    const payload = this.drawn;
    const shown = payload.series.filter((series) => !this.hidden.has(series.name) && index < series.values.length);
    const x = shown[0]?.x?.[index] ?? index + 1;
    const values = shown.map((series) => `${series.name} ${compact(series.values[index])}`);
    this.frame.say(`${payload.xLabel} ${compact(x)}: ${values.join(', ')}`);
  }

  data() {
    const { series } = this.payload;
    const own = series[0]?.x;
    const length = Math.max(0, ...series.map((one) => one.values.length));
    return {
      columns: [this.payload.xLabel || 'x', ...series.map((one) => one.name)],
      rows: Array.from({ length }, (_, i) => [own?.[i] ?? i + 1, ...series.map((one) => one.values[i] ?? null)]),
    };
  }

  sheet({ theme, width }: Surroundings) {
    const payload = this.drawn;
    const size = { width, height: this.height(width) };
    const view = { log: this.log, hidden: this.hidden };
    return {
      ...size,
      heading: {
        title: payload.title ?? payload.progress?.model,
        legend: curvesLegend(payload, theme).filter((entry) => !this.hidden.has(entry.name)),
      },
      paint: (context: Context, make: MakeCanvas) =>
        paintChart(context, curvesChart(payload, view, theme, this.frame.words), size, make),
    };
  }

  dispose(): void {
    this.chart?.destroy();
  }
}

export const curvesKind: Kind<CurvesPayload> = {
  name: 'curves',
  parse: parseCurves,
  create: (payload, frame) => new CurvesView(payload, frame),
};
