import { darkPalette, lightPalette, type Theme } from '../../drawing/theme.ts';

/** The colours of shared.css that drawings need, by their custom property. */
const colours = {
  background: '--aenb-background',
  text: '--aenb-text',
  muted: '--aenb-muted',
  grid: '--aenb-grid',
  quiet: '--aenb-quiet',
  raised: '--aenb-raised',
  border: '--aenb-border',
  focus: '--aenb-focus',
} as const;

/** The theme at an element: VS Code's while it shows there, a light or dark one of our own in an exported page. */
export function readTheme(root: HTMLElement): Theme {
  const classes = document.body.classList;
  const probe = document.createElement('span');
  // Else the system's forced colours would stand in for all of them.
  probe.className = 'aenb-colours';
  root.append(probe);
  const computed = (property: string) => {
    probe.style.color = `var(${property})`;
    return getComputedStyle(probe).color;
  };
  const levels = toHex(Object.values(colours).map(computed), computed(colours.background));
  const hex = Object.fromEntries(Object.keys(colours).map((name, i) => [name, levels[i]!])) as Record<
    keyof typeof colours,
    string
  >;
  const style = getComputedStyle(root);
  const font = style.fontFamily;
  probe.remove();
  const dark = lightness(hex.background) < 0.45;
  return {
    ...hex,
    dark,
    contrast:
      classes.contains('vscode-high-contrast') ||
      classes.contains('vscode-high-contrast-light') ||
      matchMedia('(forced-colors: active)').matches,
    font,
    fontSize: 12,
    palette: dark ? darkPalette : lightPalette,
  };
}

let strip: CanvasRenderingContext2D | undefined;

/** Any CSS colours as #rrggbb; what is translucent, as it looks on the ground. All at once: reading pixels is slow. */
function toHex(values: readonly string[], ground: string): string[] {
  const width = Object.keys(colours).length;
  strip ??= Object.assign(document.createElement('canvas'), { width, height: 1 }).getContext('2d', {
    willReadFrequently: true,
  })!;
  for (const fill of ['#ffffff', ground]) {
    strip.fillStyle = fill;
    strip.fillRect(0, 0, width, 1);
  }
  for (const [i, value] of values.entries()) {
    strip.fillStyle = value;
    strip.fillRect(i, 0, 1, 1);
  }
  const { data } = strip.getImageData(0, 0, width, 1);
  const two = (level: number) => level.toString(16).padStart(2, '0');
  return values.map((_, i) => `#${two(data[4 * i]!)}${two(data[4 * i + 1]!)}${two(data[4 * i + 2]!)}`);
}

/** Rough lightness of #rrggbb, 0 to 1. */
function lightness(hex: string): number {
  const [red, green, blue] = [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16) / 255);
  return 0.299 * red! + 0.587 * green! + 0.114 * blue!;
}

const listeners = new Set<() => void>();
let watching: { stop(): void } | undefined;

/** Calls back when VS Code or the system changes its theme, until disposed. */
export function onThemeChange(listener: () => void): { dispose(): void } {
  listeners.add(listener);
  watching ??= watch();
  return {
    dispose: () => {
      listeners.delete(listener);
      if (!listeners.size) {
        watching?.stop();
        watching = undefined;
      }
    },
  };
}

function watch(): { stop(): void } {
  let frame: number | undefined;
  // VS Code changes the class of the body and the variables of the root one after the other: one repaint for both.
  const changed = () => {
    frame ??= requestAnimationFrame(() => {
      frame = undefined;
      for (const listener of [...listeners]) listener();
    });
  };
  const observer = new MutationObserver(changed);
  observer.observe(document.body, { attributes: true, attributeFilter: ['class', 'data-vscode-theme-id'] });
  observer.observe(document.documentElement, { attributes: true, attributeFilter: ['style', 'class'] });
  const systems = ['(prefers-color-scheme: dark)', '(forced-colors: active)'].map((query) => matchMedia(query));
  for (const system of systems) system.addEventListener('change', changed);
  return {
    stop: () => {
      observer.disconnect();
      for (const system of systems) system.removeEventListener('change', changed);
      if (frame !== undefined) cancelAnimationFrame(frame);
    },
  };
}
