/** The colours and the type a picture is drawn with: read from VS Code in a renderer, fixed for PNGs. */
export interface Theme {
  readonly dark: boolean;
  /** High contrast: no translucent lines, no faint greys. */
  readonly contrast: boolean;
  readonly background: string;
  readonly text: string;
  readonly muted: string;
  /** Lines that only help the eye. */
  readonly grid: string;
  /** Points that others are compared with. */
  readonly quiet: string;
  /** Tooltips. */
  readonly raised: string;
  readonly border: string;
  readonly focus: string;
  readonly font: string;
  /** Size of ordinary text in a picture, in CSS pixels. */
  readonly fontSize: number;
  /** Colours of series and classes, in their order. */
  readonly palette: readonly string[];
}

/**
 * Ten colours that stay apart for red-, green- and blue-blind eyes: found by maximising the least distance in OKLab
 * over normal vision and Machado's (2009) simulations, with the first four given. One set for each ground.
 */
export const lightPalette = [
  '#2171cc',
  '#ea7d1c',
  '#2d9c75',
  '#c72c4c',
  '#403da1',
  '#e18cf9',
  '#635115',
  '#48ce97',
  '#7d2f58',
  '#a898ab',
] as const;
export const darkPalette = [
  '#61a2ea',
  '#f59d46',
  '#64d6af',
  '#e75e70',
  '#876bc9',
  '#efdc5c',
  '#ebaffc',
  '#2a9d90',
  '#c8e3eb',
  '#998003',
] as const;

const sansSerif =
  '"Noto Sans", "Helvetica Neue", "Segoe UI", Arial, "Liberation Sans", "DejaVu Sans", "Noto Sans CJK JP", "Hiragino Sans", "Yu Gothic", sans-serif';

/** What PNGs look like: dark on white, as on paper. */
export const paper: Theme = {
  dark: false,
  contrast: false,
  background: '#ffffff',
  text: '#24292f',
  muted: '#626b75',
  grid: '#e6e9ed',
  quiet: '#9aa3ad',
  raised: '#ffffff',
  border: '#d0d7de',
  focus: '#2171cc',
  font: sansSerif,
  fontSize: 12,
  palette: lightPalette,
};

/** Colour of series or class `index`; beyond the palette it starts again. */
export function seriesColour(theme: Theme, index: number): string {
  return theme.palette[index % theme.palette.length]!;
}

/** A #rrggbb colour with an opacity; other notations stay as they are. */
export function withAlpha(colour: string, alpha: number): string {
  const level = Math.round(alpha * 255)
    .toString(16)
    .padStart(2, '0');
  return /^#[0-9a-f]{6}$/i.test(colour) ? colour + level : colour;
}

/** Black or white, whichever stands out more from a #rrggbb colour (contrast as in WCAG 2). */
export function readableOn(colour: string): string {
  const [red, green, blue] = [1, 3, 5].map((at) => {
    const level = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return level <= 0.04045 ? level / 12.92 : ((level + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  const luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  return 1.05 / (luminance + 0.05) >= (luminance + 0.05) / 0.05 ? '#ffffff' : '#000000';
}
