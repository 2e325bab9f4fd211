import type { LegendEntry } from '../../drawing/legend.ts';
import { element } from './elements.ts';
import { words } from './words.ts';

export interface Legend {
  readonly root: HTMLElement;
  /** Entries anew; buttons of the same names stay, and keep the focus. */
  show(entries: readonly LegendEntry[], hidden: ReadonlySet<string>): void;
}

/**
 * Switches for series: a press shows or hides one.
 *
 * @param attend told which series the mouse or the keyboard is on, undefined when on none
 */
export function makeLegend(toggle: (name: string) => void, attend?: (name: string | undefined) => void): Legend {
  const root = element('div', { class: 'aenb-legend', role: 'group', 'aria-label': words().series });
  let names = '';
  return {
    root,
    show(entries, hidden) {
      const now = JSON.stringify(entries.map((entry) => entry.name));
      if (now !== names) {
        names = now;
        root.replaceChildren(...entries.map((entry) => makeButton(entry, toggle, attend)));
      }
      entries.forEach((entry, i) => {
        const button = root.children[i] as HTMLElement;
        button.setAttribute('aria-pressed', String(!hidden.has(entry.name)));
        button.style.setProperty('--mark', entry.colour);
        button.firstElementChild!.className = `aenb-mark aenb-mark-${entry.mark}`;
      });
    },
  };
}

function makeButton(
  { name }: LegendEntry,
  toggle: (name: string) => void,
  attend?: (name: string | undefined) => void,
): HTMLElement {
  const button = element(
    'button',
    { class: 'aenb-entry', type: 'button' },
    element('span'),
    element('span', { text: name }),
  );
  button.addEventListener('click', () => toggle(name));
  if (attend) {
    for (const event of ['pointerenter', 'focus']) button.addEventListener(event, () => attend(name));
    for (const event of ['pointerleave', 'blur']) button.addEventListener(event, () => attend(undefined));
  }
  return button;
}
