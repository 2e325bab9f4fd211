import type { MimeBundle, Output } from './format.ts';
import { pictureSize } from './pictureSize.ts';

/** What a cell shows while it runs; the kernel's `CellOutput` is one. */
export type ShownOutput =
  | { readonly kind: 'stream'; readonly name: 'stdout' | 'stderr'; readonly text: string }
  | { readonly kind: 'display'; readonly data: MimeBundle; readonly metadata: MimeBundle }
  | { readonly kind: 'result'; readonly data: MimeBundle; readonly metadata: MimeBundle }
  | {
      readonly kind: 'error';
      readonly error: { readonly name: string; readonly message: string; readonly stack: string };
    };

/** The output as files keep it. `count` is the n of the cell's In[n]. */
export function toOutput(shown: ShownOutput, count: number | null): Output {
  switch (shown.kind) {
    case 'stream':
      return { output_type: 'stream', name: shown.name, text: shown.text };
    case 'display':
      return { output_type: 'display_data', data: shown.data, metadata: metadataOf(shown) };
    case 'result':
      return { output_type: 'execute_result', data: shown.data, metadata: metadataOf(shown), execution_count: count };
    case 'error': {
      const { name, message, stack } = shown.error;
      return { output_type: 'error', ename: name, evalue: message, traceback: stack.split('\n') };
    }
  }
}

function metadataOf({ data, metadata }: { data: MimeBundle; metadata: MimeBundle }): MimeBundle {
  return { ...pictureSize(data), ...metadata };
}

/** The other way: what a saved output shows. */
export function fromOutput(output: Output): ShownOutput {
  switch (output.output_type) {
    case 'stream':
      return { kind: 'stream', name: output.name === 'stderr' ? 'stderr' : 'stdout', text: output.text };
    case 'display_data':
      return { kind: 'display', data: output.data, metadata: output.metadata };
    case 'execute_result':
      return { kind: 'result', data: output.data, metadata: output.metadata };
    case 'error':
      return {
        kind: 'error',
        error: { name: output.ename, message: output.evalue, stack: output.traceback.join('\n') },
      };
  }
}
