/**
 * A canvas context that writes SVG: the drawing code that paints a picture on the screen makes the file as well. It
 * knows what our pictures and Chart.js draw with, and no more.
 */
import type { Context, MakeCanvas } from '../../drawing/canvas.ts';
import { makeCanvas } from './elements.ts';

type Matrix = readonly [a: number, b: number, c: number, d: number, e: number, f: number];

interface State {
  matrix: Matrix;
  clip: string | undefined;
  fillStyle: string;
  strokeStyle: string;
  lineWidth: number;
  lineCap: string;
  lineJoin: string;
  lineDash: readonly number[];
  font: string;
  textAlign: string;
  textBaseline: string;
  globalAlpha: number;
}

/** Where the letters' line lies below the given height, in sizes of the font. */
const baselines: Record<string, number> = { top: 0.82, hanging: 0.82, middle: 0.35, bottom: -0.2, alphabetic: 0 };
const anchors: Record<string, string> = { left: 'start', start: 'start', center: 'middle', right: 'end', end: 'end' };

let clips = 0;

class SvgContext {
  imageSmoothingEnabled = true;
  lineDashOffset = 0;
  private readonly parts: string[] = [];
  private readonly saved: State[] = [];
  private path = '';
  private at: [number, number] | undefined;
  private state: State = {
    matrix: [1, 0, 0, 1, 0, 0],
    clip: undefined,
    fillStyle: '#000000',
    strokeStyle: '#000000',
    lineWidth: 1,
    lineCap: 'butt',
    lineJoin: 'miter',
    lineDash: [],
    font: '10px sans-serif',
    textAlign: 'start',
    textBaseline: 'alphabetic',
    globalAlpha: 1,
  };
  private readonly ruler = makeCanvas(1, 1).getContext('2d')!;

  constructor(readonly canvas: { width: number; height: number }) {
    for (const name of [
      'fillStyle',
      'strokeStyle',
      'lineWidth',
      'lineCap',
      'lineJoin',
      'font',
      'textAlign',
      'textBaseline',
      'globalAlpha',
    ] as const) {
      Object.defineProperty(this, name, {
        get: () => this.state[name],
        set: (value: never) => {
          this.state[name] = value;
        },
      });
    }
  }

  markup(): string {
    return this.parts.join('\n');
  }

  save(): void {
    this.saved.push({ ...this.state });
  }
  restore(): void {
    this.state = this.saved.pop() ?? this.state;
  }

  transform(a: number, b: number, c: number, d: number, e: number, f: number): void {
    const [A, B, C, D, E, F] = this.state.matrix;
    this.state.matrix = [
      A * a + C * b,
      B * a + D * b,
      A * c + C * d,
      B * c + D * d,
      A * e + C * f + E,
      B * e + D * f + F,
    ];
  }
  setTransform(a: number, b: number, c: number, d: number, e: number, f: number): void {
    this.state.matrix = [a, b, c, d, e, f];
  }
  resetTransform(): void {
    this.state.matrix = [1, 0, 0, 1, 0, 0];
  }
  translate(x: number, y: number): void {
    this.transform(1, 0, 0, 1, x, y);
  }
  scale(x: number, y: number): void {
    this.transform(x, 0, 0, y, 0, 0);
  }
  rotate(angle: number): void {
    this.transform(Math.cos(angle), Math.sin(angle), -Math.sin(angle), Math.cos(angle), 0, 0);
  }

  beginPath(): void {
    this.path = '';
    this.at = undefined;
  }
  moveTo(x: number, y: number): void {
    this.path += `M${this.point(x, y)}`;
    this.at = [x, y];
  }
  lineTo(x: number, y: number): void {
    this.path += `${this.path ? 'L' : 'M'}${this.point(x, y)}`;
    this.at = [x, y];
  }
  bezierCurveTo(ax: number, ay: number, bx: number, by: number, x: number, y: number): void {
    this.path += `C${this.point(ax, ay)} ${this.point(bx, by)} ${this.point(x, y)}`;
    this.at = [x, y];
  }
  quadraticCurveTo(ax: number, ay: number, x: number, y: number): void {
    this.path += `Q${this.point(ax, ay)} ${this.point(x, y)}`;
    this.at = [x, y];
  }
  rect(x: number, y: number, width: number, height: number): void {
    this.moveTo(x, y);
    this.lineTo(x + width, y);
    this.lineTo(x + width, y + height);
    this.lineTo(x, y + height);
    this.closePath();
  }
  closePath(): void {
    if (this.path) this.path += 'Z';
  }
  arc(x: number, y: number, radius: number, from: number, to: number, backwards = false): void {
    this.ellipse(x, y, radius, radius, 0, from, to, backwards);
  }
  /** Quarters at most, each as a cubic curve. */
  ellipse(
    x: number,
    y: number,
    rx: number,
    ry: number,
    turn: number,
    from: number,
    to: number,
    backwards = false,
  ): void {
    const full = 2 * Math.PI;
    let sweep = backwards ? from - to : to - from;
    sweep = sweep >= full ? full : ((sweep % full) + full) % full;
    if (backwards) sweep = -sweep;
    const steps = Math.max(1, Math.ceil(Math.abs(sweep) / (Math.PI / 2) - 1e-9));
    const step = sweep / steps;
    const reach = (4 / 3) * Math.tan(step / 4);
    const onto = (px: number, py: number): [number, number] => [
      x + px * rx * Math.cos(turn) - py * ry * Math.sin(turn),
      y + px * rx * Math.sin(turn) + py * ry * Math.cos(turn),
    ];
    const start = onto(Math.cos(from), Math.sin(from));
    if (this.at) this.lineTo(...start);
    else this.moveTo(...start);
    for (let i = 0; i < steps; i++) {
      const [a, b] = [from + i * step, from + (i + 1) * step];
      this.bezierCurveTo(
        ...onto(Math.cos(a) - reach * Math.sin(a), Math.sin(a) + reach * Math.cos(a)),
        ...onto(Math.cos(b) + reach * Math.sin(b), Math.sin(b) - reach * Math.cos(b)),
        ...onto(Math.cos(b), Math.sin(b)),
      );
    }
  }

  fill(): void {
    this.add(`<path d="${this.path}" ${this.paint('fill')}/>`);
  }
  stroke(): void {
    this.add(`<path d="${this.path}" fill="none" ${this.strokes()}/>`);
  }
  clip(): void {
    const id = `clip${++clips}`;
    const within = this.state.clip ? ` clip-path="url(#${this.state.clip})"` : '';
    this.parts.push(`<clipPath id="${id}"${within}><path d="${this.path}"/></clipPath>`);
    this.state.clip = id;
  }
  fillRect(x: number, y: number, width: number, height: number): void {
    this.aside(() => {
      this.rect(x, y, width, height);
      this.fill();
    });
  }
  strokeRect(x: number, y: number, width: number, height: number): void {
    this.aside(() => {
      this.rect(x, y, width, height);
      this.stroke();
    });
  }
  /** Paper is white where nothing is drawn. */
  clearRect(): void {}

  setLineDash(dash: readonly number[]): void {
    this.state.lineDash = [...dash];
  }
  getLineDash(): number[] {
    return [...this.state.lineDash];
  }

  measureText(text: string): TextMetrics {
    this.ruler.font = this.state.font;
    return this.ruler.measureText(text);
  }
  fillText(text: string, x: number, y: number): void {
    this.write(text, x, y, this.paint('fill'));
  }
  strokeText(text: string, x: number, y: number): void {
    this.write(text, x, y, `fill="none" ${this.strokes(false)}`);
  }

  /** Another drawing becomes a group, pixels become an embedded PNG. */
  drawImage(source: HTMLCanvasElement | SvgCanvas, ...at: number[]): void {
    const [sx, sy, sw, sh, x, y, width, height] =
      at.length === 8
        ? (at as [number, number, number, number, number, number, number, number])
        : ([0, 0, source.width, source.height, at[0]!, at[1]!, at[2] ?? source.width, at[3] ?? source.height] as const);
    if (source instanceof SvgCanvas) {
      const scale = `scale(${round(width / source.width)} ${round(height / source.height)})`;
      this.add(
        `<g transform="${this.matrixText()} translate(${round(x)} ${round(y)}) ${scale}">${source.markup()}</g>`,
      );
      return;
    }
    const cut = makeCanvas(Math.max(1, Math.round(sw)), Math.max(1, Math.round(sh)));
    const context = cut.getContext('2d')!;
    context.imageSmoothingEnabled = false;
    context.drawImage(source, sx, sy, sw, sh, 0, 0, cut.width, cut.height);
    const place = `x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${round(height)}"`;
    const look = 'preserveAspectRatio="none" style="image-rendering: pixelated"';
    this.add(`<image ${place} transform="${this.matrixText()}" ${look} href="${cut.toDataURL('image/png')}"/>`);
  }

  private write(text: string, x: number, y: number, paint: string): void {
    const size = Number(/([\d.]+)px/.exec(this.state.font)?.[1] ?? 10);
    const weight = /^\s*(?:\w+ )??(\d{3}|bold)\b/.exec(this.state.font)?.[1] ?? '400';
    const family = this.state.font.replace(/^.*?px(\/[\d.]+\w*)?\s+/, '');
    const down = y + (baselines[this.state.textBaseline] ?? 0) * size;
    const type = `font-family="${asXml(family)}" font-size="${size}" font-weight="${weight}"`;
    const anchor = `text-anchor="${anchors[this.state.textAlign] ?? 'start'}"`;
    const place = `x="${round(x)}" y="${round(down)}" transform="${this.matrixText()}"`;
    this.add(`<text ${place} ${type} ${anchor} ${paint} xml:space="preserve">${asXml(text)}</text>`);
  }

  /** A path of its own, that leaves the one under way alone. */
  private aside(draw: () => void): void {
    const { path, at } = this;
    this.beginPath();
    draw();
    this.path = path;
    this.at = at;
  }

  private add(markup: string): void {
    this.parts.push(this.state.clip ? `<g clip-path="url(#${this.state.clip})">${markup}</g>` : markup);
  }

  private point(x: number, y: number): string {
    const [a, b, c, d, e, f] = this.state.matrix;
    return `${round(a * x + c * y + e)} ${round(b * x + d * y + f)}`;
  }

  private matrixText(): string {
    return `matrix(${this.state.matrix.map(round).join(' ')})`;
  }

  private paint(kind: 'fill' | 'stroke'): string {
    const { colour, opacity } = plainColour(String(this.state[`${kind}Style`]));
    const alpha = opacity * this.state.globalAlpha;
    return `${kind}="${asXml(colour)}"${alpha < 1 ? ` ${kind}-opacity="${round(alpha)}"` : ''}`;
  }

  /** @param inDeviceUnits paths are written where they lie, text is transformed together with its outline */
  private strokes(inDeviceUnits = true): string {
    const { lineWidth, lineCap, lineJoin, lineDash, matrix } = this.state;
    const scale = inDeviceUnits ? Math.hypot(matrix[0], matrix[1]) : 1;
    const dash = lineDash.length
      ? ` stroke-dasharray="${lineDash.map((length) => round(length * scale)).join(' ')}"`
      : '';
    return `${this.paint('stroke')} stroke-width="${round(lineWidth * scale)}" stroke-linecap="${lineCap}" stroke-linejoin="${lineJoin}"${dash}`;
  }
}

/** What stands in for a canvas element. */
class SvgCanvas {
  private readonly context = new SvgContext(this);
  constructor(
    public width: number,
    public height: number,
  ) {}
  getContext(): SvgContext {
    return this.context;
  }
  markup(): string {
    return this.context.markup();
  }
}

const makeSvgCanvas: MakeCanvas = (width, height) => new SvgCanvas(width, height) as unknown as HTMLCanvasElement;

/** The file of a drawing of that size in CSS pixels. */
export function toSvg(width: number, height: number, draw: (context: Context, make: MakeCanvas) => void): string {
  const canvas = new SvgCanvas(width, height);
  draw(canvas.getContext() as unknown as Context, makeSvgCanvas);
  const size = `width="${round(width)}" height="${round(height)}" viewBox="0 0 ${round(width)} ${round(height)}"`;
  return `<svg xmlns="http://www.w3.org/2000/svg" ${size}>\n${canvas.markup()}\n</svg>\n`;
}

function round(value: number): number {
  return Number.isFinite(value) ? Math.round(value * 1000) / 1000 : 0;
}

/** Programs other than browsers know no #rrggbbaa and no `rgb(1 2 3)`. */
function plainColour(colour: string): { colour: string; opacity: number } {
  const hex = /^(#[0-9a-f]{6})([0-9a-f]{2})$/i.exec(colour);
  if (hex) return { colour: hex[1]!, opacity: Number.parseInt(hex[2]!, 16) / 255 };
  if (colour === 'transparent') return { colour: '#000000', opacity: 0 };
  const levels = /^rgba?\(([^)]*)\)$/.exec(colour)?.[1]?.split(/[\s,/]+/);
  if (!levels || levels.length < 3) return { colour, opacity: 1 };
  return { colour: `rgb(${levels.slice(0, 3).join(',')})`, opacity: levels[3] === undefined ? 1 : Number(levels[3]) };
}

/** As XML may hold it: no marks of its own, and none of the characters that it forbids. */
function asXml(text: string): string {
  return text.replace(/[&<>"]|\p{Cc}|[\ufffe\uffff]/gu, (character) =>
    /["&<>\t\n\r]/.test(character) ? `&#${character.charCodeAt(0)};` : '',
  );
}
