// Products of matrices. A block of the result is computed in registers: rows of A are broadcast, number by number, over
// vectors of B, whose columns lie in panels as wide as a few vectors (Goto & van de Geijn 2008).
#pragma once
#include <algorithm>

#include "transpose.h"

namespace aenb {

#if defined(__AVX512F__) || defined(__aarch64__)
constexpr int tileRows = 8;  // of 32 registers
#else
constexpr int tileRows = 4;  // of 16
#endif
constexpr int tileVectors = 3;
constexpr int tileColumns = tileVectors * width;
/**
 * Numbers of the inner dimension that are worked off at a time. A panel of B comes from the second cache, quickly enough; what
 * costs is to fetch sums from memory and put them back.
 */
constexpr int depthBlock = 800;
/** Rows at a time: a block of A stays in the second cache. */
constexpr int rowBlock = 128;

/** C = A B, row by row; A and B with any strides. */
struct Matrices {
  int rows, columns, depth;
  const float* a;
  long aRow, aColumn;
  const float* b;
  long bRow, bColumn;
  float* c;
};

/** Floats that `multiply` needs besides. */
constexpr long productScratch = depthBlock * tileColumns + (long)rowBlock * depthBlock + tileRows * tileColumns;

/** `count` rows of a tile, at most tileRows, and some vectors of columns: written to c, or added to it. */
template <int count, int vectors, bool add>
inline void multiplyTile(int depth, const float* a, long aRow, long aColumn, const float* b, float* c, long cRow) {
  Vector sums[count][vectors];
#pragma GCC unroll 16
  for (int i = 0; i < count; i++)
#pragma GCC unroll 4
    for (int j = 0; j < vectors; j++) sums[i][j] = Vector{};
  for (int k = 0; k < depth; k++) {
    Vector right[vectors];
#pragma GCC unroll 4
    for (int j = 0; j < vectors; j++) right[j] = load(b + j * width);
#pragma GCC unroll 16
    for (int i = 0; i < count; i++) {
      Vector left = splat(a[i * aRow]);
#pragma GCC unroll 4
      for (int j = 0; j < vectors; j++) sums[i][j] += left * right[j];
    }
    a += aColumn;
    b += vectors * width;
  }
#pragma GCC unroll 16
  for (int i = 0; i < count; i++)
#pragma GCC unroll 4
    for (int j = 0; j < vectors; j++) {
      float* to = c + i * cRow + j * width;
      store(to, add ? load(to) + sums[i][j] : sums[i][j]);
    }
}

template <int vectors, bool add>
inline void multiplyRows(int count, int depth, const float* a, long aRow, long aColumn, const float* b, float* c,
                         long cRow) {
  switch (count) {
#define AENB_ROWS(n) \
  case n:            \
    if constexpr (n <= tileRows) multiplyTile<n, vectors, add>(depth, a, aRow, aColumn, b, c, cRow); \
    break;
    AENB_ROWS(1) AENB_ROWS(2) AENB_ROWS(3) AENB_ROWS(4) AENB_ROWS(5) AENB_ROWS(6) AENB_ROWS(7) AENB_ROWS(8)
#undef AENB_ROWS
  }
}

template <bool add>
inline void multiplyRows(int vectors, int count, int depth, const float* a, long aRow, long aColumn, const float* b,
                         float* c, long cRow) {
  if (vectors == 1) multiplyRows<1, add>(count, depth, a, aRow, aColumn, b, c, cRow);
  else if (vectors == 2) multiplyRows<2, add>(count, depth, a, aRow, aColumn, b, c, cRow);
  else multiplyRows<3, add>(count, depth, a, aRow, aColumn, b, c, cRow);
}

/** Vectors of the next panel of so many columns: three, but none alone at the end, where most registers would be idle. */
inline int panelVectors(int columns) {
  const int vectors = (columns + width - 1) / width;
  return vectors == 4 ? 2 : std::min(vectors, tileVectors);
}

/**
 * Columns [0, columns) of B, depth rows of them, as a panel of some vectors. What lies in the places of columns that are
 * missing makes sums that nobody looks at.
 */
inline void packPanel(int depth, int columns, int vectors, const float* b, long bRow, long bColumn, float* panel) {
  const int wide = vectors * width;
  int k = 0;
  if (bColumn == 1) {
    // what is read beyond a row is the beginning of the next one
    const int whole = columns == wide ? depth : wide - columns <= bRow ? depth - 1 : 0;
    for (; k < whole; k++)
      for (int j = 0; j < wide; j += width) store(panel + k * wide + j, load(b + k * bRow + j));
  } else if (bRow == 1) {
    const int done = columns / width * width;
    for (; k + width <= depth; k += width) {
      for (int j = 0; j < done; j += width) transpose(b + j * bColumn + k, bColumn, panel + k * wide + j, wide);
      for (int i = k; i < k + width; i++)
        for (int j = done; j < wide; j++) panel[i * wide + j] = j < columns ? b[i + j * bColumn] : 0.0f;
    }
  }
  for (; k < depth; k++)
    for (int j = 0; j < wide; j++) panel[k * wide + j] = j < columns ? b[k * bRow + j * bColumn] : 0.0f;
}

/** Rows of A beside each other, tileRows at a time: tile after tile, number by number of the inner dimension. */
inline void packRows(int rows, int depth, const float* a, long aRow, long aColumn, float* packed) {
  for (int i = 0; i < rows; i += tileRows) {
    int count = std::min(tileRows, rows - i);
    const float* from = a + i * aRow;
    if (count == tileRows && aRow == 1) {
      for (int k = 0; k < depth; k++, packed += tileRows) std::memcpy(packed, from + k * aColumn, sizeof(float) * tileRows);
      continue;
    }
    for (int k = 0; k < depth; k++, packed += tileRows)
      for (int r = 0; r < tileRows; r++) packed[r] = r < count ? from[r * aRow + k * aColumn] : 0.0f;
  }
}

/** Rows [row, rowEnd) of columns [column, columnEnd) of C. */
inline void multiply(const Matrices& m, int row, int rowEnd, int column, int columnEnd, float* scratch) {
  float* panel = scratch;
  float* packed = panel + depthBlock * tileColumns;
  float* edge = packed + (long)rowBlock * depthBlock;
  if (m.depth == 0)
    for (int i = row; i < rowEnd; i++) std::fill(m.c + (long)i * m.columns + column, m.c + (long)i * m.columns + columnEnd, 0.0f);
  for (int top = row; top < rowEnd; top += rowBlock) {
    int rows = std::min(rowBlock, rowEnd - top);
    // blocks of one size: a short one at the end would cost almost as much as a long one
    const int blocks = (m.depth + depthBlock - 1) / depthBlock, block = (m.depth + blocks - 1) / std::max(1, blocks);
    for (int k = 0; k < m.depth; k += block) {
      int depth = std::min(block, m.depth - k);
      const float* a = m.a + top * m.aRow + k * m.aColumn;
      bool pack = m.aColumn != 1;
      if (pack) packRows(rows, depth, a, m.aRow, m.aColumn, packed);
      for (int left = column, columns; left < columnEnd; left += columns) {
        const int vectors = panelVectors(columnEnd - left);
        columns = std::min(vectors * width, columnEnd - left);
        const float* b = m.b + k * m.bRow + left * m.bColumn;
        packPanel(depth, columns, vectors, b, m.bRow, m.bColumn, panel);
        // the processor does not see that the next panel's lines, far from each other, will be needed
        const float* next = m.bColumn == 1 && left + columns < columnEnd ? b + columns : nullptr;
        for (int i = 0; i < rows; i += tileRows) {
          int count = std::min(tileRows, rows - i);
          if (next)
            for (int r = (long)depth * i / rows, end = (long)depth * (i + count) / rows; r < end; r++)
              for (int j = 0; j < tileColumns; j += 16) __builtin_prefetch(next + r * m.bRow + j);
          const float* from = pack ? packed + (long)i * depth : a + i * m.aRow;
          long aRow = pack ? 1 : m.aRow, aColumn = pack ? tileRows : 1;
          float* c = m.c + (long)(top + i) * m.columns + left;
          if (columns == vectors * width) {
            if (k == 0) multiplyRows<false>(vectors, count, depth, from, aRow, aColumn, panel, c, m.columns);
            else multiplyRows<true>(vectors, count, depth, from, aRow, aColumn, panel, c, m.columns);
            continue;
          }
          multiplyRows<false>(vectors, count, depth, from, aRow, aColumn, panel, edge, vectors * width);
          for (int r = 0; r < count; r++)
            for (int j = 0; j < columns; j++)
              c[(long)r * m.columns + j] =
                  edge[r * vectors * width + j] + (k == 0 ? 0.0f : c[(long)r * m.columns + j]);
        }
      }
    }
  }
}

}  // namespace aenb
