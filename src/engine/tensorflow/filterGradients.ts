/** Gradients of convolutions' filters, in the way in which oneDNN is quicker. */
import { type Node, type Program, sameShape } from '../program/program.ts';

/** oneDNN computes channels of what a convolution gives by the sixteen: with few of them most of its work is for nothing. */
const fewChannels = 8;

/**
 * The same program with the gradients of filters that make few channels of many computed the other way round: with the
 * picture in the place of the gradient and the gradient in that of the picture, which gives the filter's mirror image.
 */
export function withQuickFilterGradients(program: Program): Program {
  const values = [...program.values];
  const nodes = program.nodes.flatMap((node): Node[] => {
    if (!isSlow(node, program)) return [node];
    const { x, dy } = node.inputs as { x: number; dy: number };
    const [height, width, from, to] = node.attributes.filterShape as number[];
    const add = () => values.push({ kind: 'result', shape: [height, width, to, from], dtype: 'float32' }) - 1;
    const [mirrored, turned] = [add(), add()];
    return [
      {
        ...node,
        inputs: { x: dy, dy: x },
        attributes: { ...node.attributes, filterShape: [height, width, to, from] },
        outputs: [mirrored],
      },
      { kernel: 'Reverse', inputs: { x: mirrored }, attributes: { dims: [0, 1] }, outputs: [turned] },
      { kernel: 'Transpose', inputs: { x: turned }, attributes: { perm: [0, 1, 3, 2] }, outputs: node.outputs },
    ];
  });
  return { ...program, values, nodes };
}

/** Only where the picture keeps its size, and the filter has a middle, do both ways meet the same pairs of pixels. */
function isSlow({ kernel, inputs, attributes }: Node, { values }: Program): boolean {
  if (kernel !== 'Conv2DBackpropFilter') return false;
  const [height, width, from, to] = attributes.filterShape as number[];
  const [x, dy] = [values[inputs.x as number].shape, values[inputs.dy as number].shape];
  const keepsSize = attributes.pad === 'same' && [attributes.strides].flat().every((stride) => stride === 1);
  const hasMiddle = height % 2 === 1 && width % 2 === 1;
  return to < fewChannels && to < from && keepsSize && hasMiddle && sameShape(x.slice(0, 3), dy.slice(0, 3));
}
