import type { Context, MakeCanvas } from '../../drawing/canvas.ts';
import { Chart, paintChart } from '../../drawing/chart.ts';
import { compact } from '../../drawing/numbers.ts';
import { centred, contains, type Part, type Seen, toCanvas } from '../../drawing/plane.ts';
import { paintCloud } from '../../drawing/pointCloud.ts';
import {
  type ScatterConfiguration,
  type ScatterView as Shown,
  scatterChart,
  scatterLegend,
  seenOf,
  wholeScatter,
} from '../../drawing/scatterChart.ts';
import { nearestPoint, type ScatterPoint } from '../../drawing/scatterClouds.ts';
import { element, makeCanvas } from '../shared/elements.ts';
import { GlPoints } from '../shared/glPoints.ts';
import { makeLegend } from '../shared/legend.ts';
import type { Frame, Kind, Surroundings, View } from '../shared/output.ts';
import { type Place, Roaming } from '../shared/roaming.ts';
import { mostSeries, parseScatter, type ScatterPayload } from './payload.ts';

/** How far from a point, in CSS pixels, the mouse still means it. */
const reach = 12;

class ScatterView implements View<ScatterPayload> {
  readonly root = element('div');
  private readonly canvas = element('canvas', { role: 'img', tabindex: 0 });
  private readonly figure = element('div', { class: 'aenb-figure aenb-plane' }, this.canvas);
  private readonly legend = makeLegend((name) => {
    if (!this.hidden.delete(name)) this.hidden.add(name);
    this.attended = undefined;
    this.frame.repaint();
  });
  private readonly points = new GlPoints(mostSeries);
  private readonly roaming: Roaming;
  private readonly hidden = new Set<string>();
  private part: Part | undefined;
  private attended: ScatterPoint | undefined;
  private chart: Chart<'scatter'> | undefined;
  private surroundings: Surroundings | undefined;
  private drawing: number | undefined;

  constructor(
    private payload: ScatterPayload,
    private readonly frame: Frame,
  ) {
    frame.slot.append(this.legend.root);
    this.root.append(this.figure, element('div', { class: 'aenb-hint', text: frame.words.zoomHint }));
    this.roaming = new Roaming(this.canvas, frame, frame.words.wholePlot, {
      seen: () => this.seen,
      whole: () => wholeScatter(this.payload),
      show: (part) => {
        this.part = part;
        this.redraw();
      },
      hover: (at) => this.attend(at && nearestPoint(this.payload, this.hidden, this.seen, at, reach)),
    });
    this.canvas.addEventListener('keydown', (event) => this.key(event));
    this.canvas.addEventListener('blur', () => this.attend(undefined));
  }

  update(payload: ScatterPayload): void {
    this.payload = payload;
    this.part = this.attended = undefined;
    this.points.dispose();
  }

  paint(surroundings: Surroundings): void {
    const { payload } = this;
    this.surroundings = surroundings;
    // A single series needs no name.
    this.legend.show(payload.series.length > 1 ? scatterLegend(payload, surroundings.theme) : [], this.hidden);
    this.canvas.setAttribute('aria-label', `${payload.text} ${this.frame.words.keyboardHint}`);
    this.figure.style.height = `${sizeIn(surroundings.width).height}px`;
    this.draw();
  }

  /** With the next frame: a mouse moves more often than a screen is drawn. */
  private redraw(): void {
    this.drawing ??= requestAnimationFrame(() => {
      this.drawing = undefined;
      this.draw();
    });
  }

  private get shown(): Shown {
    const { hidden, part, attended } = this;
    return { hidden, part, attended };
  }

  private get seen(): Seen {
    return { ...seenOf(this.chart!), ...this.part };
  }

  private draw(): void {
    const { theme, width: room } = this.surroundings!;
    this.roaming.offerWhole(this.part !== undefined);
    this.drawChart(scatterChart(this.payload, this.shown, theme, this.points.paint), sizeIn(room));
  }

  /** The chart is made once; later data, options and sizes go into the same one. */
  private drawChart(configuration: ScatterConfiguration, { width, height }: { width: number; height: number }): void {
    if (!this.chart) {
      this.canvas.width = width;
      this.canvas.height = height;
      this.canvas.style.width = `${width}px`;
      this.canvas.style.height = `${height}px`;
      this.chart = new Chart(this.canvas, configuration);
      return;
    }
    const { chart } = this;
    chart.data = configuration.data;
    chart.options = configuration.options!;
    chart.config.plugins!.splice(0, Number.POSITIVE_INFINITY, ...configuration.plugins!);
    if (chart.width !== width || chart.height !== height) chart.resize(width, height);
    chart.update('none');
  }

  /** Looks at a point: its figures stand beside it. */
  private attend(point: ScatterPoint | undefined): void {
    if (point?.series === this.attended?.series && point?.index === this.attended?.index) return;
    this.attended = point;
    this.redraw();
  }

  /** Left and right walk through a series' points by their x, up and down change the series, + and - zoom. */
  private key(event: KeyboardEvent): void {
    const { attended, payload } = this;
    if (this.roaming.key(event, this.placeOfAttended())) return;
    const shown = payload.series.flatMap((series, i) =>
      this.hidden.has(series.name) || !byX(series).length ? [] : [i],
    );
    if (!shown.length) return;
    const place = Math.max(0, attended ? shown.indexOf(attended.series) : 0);
    const order = byX(payload.series[shown[place]!]!);
    const rank = attended ? order.indexOf(attended.index) : -1;
    const step = event.shiftKey ? Math.max(1, Math.round(order.length / 50)) : 1;
    const ranks: Record<string, number> = {
      ArrowRight: rank + step,
      ArrowLeft: rank - step,
      Home: 0,
      End: order.length - 1,
    };
    const next = ranks[event.key];
    if (next !== undefined) this.visit(shown[place]!, next);
    else if (event.key === 'ArrowUp' || event.key === 'ArrowDown') {
      const other = shown[(place + (event.key === 'ArrowUp' ? 1 : shown.length - 1)) % shown.length]!;
      this.visit(other, Math.round((Math.max(0, rank) / order.length) * byX(payload.series[other]!).length));
    } else if (event.key === 'Escape') this.attend(undefined);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  /** Looks at the point of a series that is so-and-so-many-th along x, moves it into sight, and says it. */
  private visit(seriesIndex: number, rank: number): void {
    const series = this.payload.series[seriesIndex]!;
    const order = byX(series);
    const index = order[Math.max(0, Math.min(order.length - 1, rank))]!;
    const [x, y] = pointAt(series, index);
    this.attend({ series: seriesIndex, index });
    if (this.part && !contains(this.part, x, y)) this.part = centred(this.part, [x, y]);
    this.frame.say(`${series.name} ${compact(x)}, ${compact(y)}`);
  }

  /** Of the point that is looked at, or the middle. */
  private placeOfAttended(): Place {
    const { attended, seen } = this;
    if (attended) return toCanvas(seen, pointAt(this.payload.series[attended.series]!, attended.index));
    return [seen.area.x + seen.area.width / 2, seen.area.y + seen.area.height / 2];
  }

  data() {
    const { series, xLabel, yLabel } = this.payload;
    return {
      columns: [this.frame.words.series, xLabel ?? 'x', yLabel ?? 'y'],
      rows: series.flatMap((one) => Array.from({ length: one.count }, (_, i) => [one.name, ...pointAt(one, i)])),
    };
  }

  sheet({ theme, width: room }: Surroundings) {
    const { payload } = this;
    const size = sizeIn(room);
    const shown = { ...this.shown, attended: undefined };
    const legend = payload.series.length > 1 ? scatterLegend(payload, theme) : [];
    return {
      ...size,
      heading: { title: payload.title, legend: legend.filter((entry) => !this.hidden.has(entry.name)) },
      paint: (context: Context, make: MakeCanvas) => {
        // Points are pixels, also in an SVG.
        const chart = scatterChart(payload, shown, theme, (...cloud) => paintCloud(...cloud, makeCanvas));
        paintChart(context, chart, size, make);
      },
    };
  }

  dispose(): void {
    if (this.drawing !== undefined) cancelAnimationFrame(this.drawing);
    this.chart?.destroy();
    this.points.dispose();
  }
}

function sizeIn(room: number): { width: number; height: number } {
  const width = Math.min(room, 680);
  return { width, height: Math.round(Math.min(440, Math.max(240, width * 0.68))) };
}

type Series = ScatterPayload['series'][number];

function pointAt({ points }: Series, index: number): [number, number] {
  return [points[2 * index]!, points[2 * index + 1]!];
}

const orders = new WeakMap<Series, Uint32Array>();

/** The finite points of a series in the order of their x. */
function byX(series: Series): Uint32Array {
  let order = orders.get(series);
  if (!order) {
    const { points, count } = series;
    const finite = Uint32Array.from({ length: count }, (_, i) => i).filter((i) =>
      pointAt(series, i).every(Number.isFinite),
    );
    order = finite.sort((a, b) => points[2 * a]! - points[2 * b]!);
    orders.set(series, order);
  }
  return order;
}

export const scatterKind: Kind<ScatterPayload> = {
  name: 'scatter',
  parse: parseScatter,
  create: (payload, frame) => new ScatterView(payload, frame),
};
