import { volume } from '../../training/types.ts';
import { named, type Rule, type Tensor } from '../lowering.ts';
import type { Matrix } from '../operations.ts';
import { finish } from './elementwise.ts';

/** More products than this of small matrices are better left to others. */
const mostProducts = 256;

const product: Rule = (lowering, node) => {
  const a = lowering.get(named(node).a);
  const b = lowering.get(named(node).b);
  const { transposeA, transposeB } = node.attributes;
  const [aRows, aColumns] = a.shape.slice(-2);
  const [bRows, bColumns] = b.shape.slice(-2);
  const [rows, depth] = transposeA ? [aColumns, aRows] : [aRows, aColumns];
  const columns = transposeB ? bRows : bColumns;
  const matrix = ({ place }: Tensor, width: number, turned: unknown, offset: number): Matrix => ({
    place,
    offset,
    strides: turned ? [1, width] : [width, 1],
  });
  const sizes = [rows, columns, depth] as const;
  const [left, right] = [a, b].map(({ shape }) => shape.slice(0, -2));
  if (volume(left) === 1 && volume(right) === 1) {
    const result = lowering.product(matrix(a, aColumns, transposeA, 0), matrix(b, bColumns, transposeB, 0), sizes);
    finish(lowering, node, result);
    return;
  }
  const count = Math.max(volume(left), volume(right));
  const alike = [left, right].every((batch) => volume(batch) === count || volume(batch) === 1);
  if (!alike || count > mostProducts) throw new Error(`${count} products of matrices`);
  const whole = lowering.fresh(lowering.shape(node.outputs[0]));
  for (let i = 0; i < count; i++) {
    const of = (x: Tensor, batch: readonly number[]) => (volume(batch) === 1 ? 0 : (i * x.place.size) / count);
    lowering.product(
      matrix(a, aColumns, transposeA, of(a, left)),
      matrix(b, bColumns, transposeB, of(b, right)),
      sizes,
      { place: whole.place, offset: i * rows * columns },
    );
  }
  finish(lowering, node, whole);
};

export const products: Record<string, Rule> = {
  BatchMatMul: product,
  _FusedMatMul: product,
};
