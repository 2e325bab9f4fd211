import { element } from './elements.ts';
import type { Frame } from './output.ts';

/** Says that only the kernel could answer, and offers to run the cell again; hidden until somebody asked in vain. */
export function kernelNote(frame: Frame, channel: () => string | undefined): HTMLElement {
  const { words, kernel } = frame;
  const note = element('div', { class: 'aenb-kernel-note', role: 'status', hidden: true, text: words.needsKernel });
  const run = element('button', { class: 'aenb-button', type: 'button', text: words.runCell });
  run.addEventListener('click', () => {
    const of = channel();
    if (of !== undefined) kernel.tell({ runCellOf: of });
  });
  note.append(' ', run);
  return note;
}
