/**
 * The one-to-one matching of rows and columns with the greatest sum. Cost: n^2 m for n rows and m columns.
 *
 * Hungarian method with potentials, one row at a time. Source: Kuhn 1955, Jonker & Volgenant 1987.
 * @param gains a full table
 * @returns the column of every row, -1 for rows left over where there are more rows than columns
 */
export function bestMatching(gains: readonly (readonly number[])[]): number[] {
  const rows = gains.length;
  const columns = gains[0]?.length ?? 0;
  if (rows > columns) {
    const transposed = Array.from({ length: columns }, (_, j) => gains.map((row) => row[j]));
    const rowOf = bestMatching(transposed);
    const result = new Array<number>(rows).fill(-1);
    rowOf.forEach((row, column) => {
      result[row] = column;
    });
    return result;
  }
  const rowPotential = new Float64Array(rows);
  const columnPotential = new Float64Array(columns + 1);
  /** Row of every column; the extra column holds the row that is being placed. */
  const rowOf = new Int32Array(columns + 1).fill(-1);
  for (let row = 0; row < rows; row++) {
    rowOf[columns] = row;
    const slack = new Float64Array(columns).fill(Infinity);
    const from = new Int32Array(columns).fill(columns);
    const visited = new Uint8Array(columns + 1);
    let column = columns;
    // shortest augmenting path, costs being the negative gains
    do {
      visited[column] = 1;
      const current = rowOf[column];
      let least = Infinity;
      let next = -1;
      for (let j = 0; j < columns; j++) {
        if (visited[j]) continue;
        const reduced = -gains[current][j] - rowPotential[current] - columnPotential[j];
        if (reduced < slack[j]) {
          slack[j] = reduced;
          from[j] = column;
        }
        if (slack[j] < least) {
          least = slack[j];
          next = j;
        }
      }
      for (let j = 0; j <= columns; j++) {
        if (visited[j]) {
          rowPotential[rowOf[j]] += least;
          columnPotential[j] -= least;
        } else if (j < columns) slack[j] -= least;
      }
      column = next;
    } while (rowOf[column] >= 0);
    while (column !== columns) {
      rowOf[column] = rowOf[from[column]];
      column = from[column];
    }
  }
  const result = new Array<number>(rows).fill(-1);
  for (let j = 0; j < columns; j++) if (rowOf[j] >= 0) result[rowOf[j]] = j;
  return result;
}
