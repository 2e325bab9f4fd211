// Convolutions of images [batch, height, width, channels] with filters [height, width, in channels, out channels], and
// their gradients, without a matrix of all windows in between. Made for nets of few channels.
//
// Samples are first copied amid zeros, so that windows need no look at the borders. The convolution itself and the
// gradient of its input are then sums over windows of places ("correlations"), the filter's gradient is a sum over
// places:
//  - with many channels of the result, vectors lie across these, and numbers of the sample are broadcast;
//  - with few, vectors lie across the sample's row (a window's row of places and channels is one run of numbers), since
//    most of a vector across one to four channels would be idle.
// Either way a tile of sums stays in registers throughout. What a tile consists of may lie anywhere: it has one pointer
// for each row of sums, and an index that all share. Places and windows are plain lists of such offsets, which run on
// over the ends of rows, and over the ends of small samples.
//
// Zeros around a sample are multiplied like other numbers: what is infinite or NaN and meets them gives NaN, at borders.
#pragma once
#include <algorithm>
#include <type_traits>
#include <utility>
#include <vector>

#include "vector.h"

namespace aenb {

struct Geometry {
  int batch, inHeight, inWidth, inChannels, outHeight, outWidth, outChannels, filterHeight, filterWidth;
  int strideHeight, strideWidth, dilationHeight, dilationWidth, padTop, padLeft;
};

/** One direction of a convolution, vertical or horizontal. */
struct Axis {
  int in, out, filter, stride, dilation, pad;
};

inline Axis vertical(const Geometry& g) {
  return {g.inHeight, g.outHeight, g.filterHeight, g.strideHeight, g.dilationHeight, g.padTop};
}

inline Axis horizontal(const Geometry& g) {
  return {g.inWidth, g.outWidth, g.filterWidth, g.strideWidth, g.dilationWidth, g.padLeft};
}

// ---------------------------------------------------------------------------------------------------------------------
// Samples amid zeros

/** Where samples lie in their frames of zeros. */
struct Frame {
  int height, width, channels, top, left, framedHeight, framedWidth;
  /** Whether there must be copies; otherwise samples are read where they are. */
  bool copies;
  /** How many samples are worked off at a time. */
  int group;

  long sample() const { return (long)height * width * channels; }
  long row() const { return (long)(copies ? framedWidth : width) * channels; }
  long framed() const { return copies ? framedHeight * row() : sample(); }
  /** Floats of the copies. Vectors may reach beyond their end. */
  long size() const { return copies ? group * framed() + aenb::width : 0; }

  /** What is read for so many samples; copies must have been filled with zeros before the first ones. */
  const float* put(const float* from, int samples, float* to) const {
    if (!copies) return from;
    int rows = std::min(height, framedHeight - top), columns = std::min(width, framedWidth - left);
    for (int i = 0; columns > 0 && i < samples; i++)
      for (int j = 0; j < rows; j++)
        std::memcpy(to + i * framed() + (top + j) * row() + (long)left * channels,
                    from + i * sample() + (long)j * width * channels, sizeof(float) * columns * channels);
    return to;
  }
};

/** Places that are worked off at a time, at the least: with fewer, tiles would begin and end too often. */
constexpr int manyPlaces = 128;

/** Up to so many channels count as few. */
constexpr int fewChannels = width >= 8 ? 4 : 2;

inline Frame frame(const Geometry& g, int height, int width, int channels, int top, int left, int framedHeight,
                   int framedWidth, bool reachesBeyond) {
  bool copies = reachesBeyond || top > 0 || left > 0 || framedHeight > height || framedWidth > width;
  int group = std::min(g.batch, (manyPlaces - 1) / (g.outHeight * g.outWidth) + 1);
  return {height, width, channels, top, left, framedHeight, framedWidth, copies, group};
}

/** The input as windows of the forward pass see it. */
inline Frame inputFrame(const Geometry& g) {
  auto reach = [](Axis a) { return (a.out - 1) * a.stride + (a.filter - 1) * a.dilation + 1; };
  return frame(g, g.inHeight, g.inWidth, g.inChannels, g.padTop, g.padLeft, reach(vertical(g)), reach(horizontal(g)),
               g.outChannels <= fewChannels);
}

/** The output's gradient as windows of the backward pass see it. */
inline Frame outputFrame(const Geometry& g) {
  auto before = [](Axis a) { return std::max(0, (a.filter - 1) * a.dilation / a.stride - a.pad / a.stride); };
  auto reach = [&](Axis a) { return before(a) + std::max(a.out, (a.in - 1 + a.pad) / a.stride + 1); };
  Axis v = vertical(g), h = horizontal(g);
  return frame(g, g.outHeight, g.outWidth, g.outChannels, before(v), before(h), reach(v), reach(h),
               g.inChannels <= fewChannels);
}

// ---------------------------------------------------------------------------------------------------------------------
// Correlations

/** A target of which every place is a sum over a window of a source; steps are in floats. */
struct Correlation {
  int rows, columns, channels;
  long source, sourceRow, sourceColumn;
  long target, targetRow, targetColumn;
  /** A window: rows and columns of places, of which each has `depth` numbers. */
  int windowRows, windowColumns, depth;
  long windowRow, windowColumn;
  /** The filter: its last place is the window's first one if its steps are negative. */
  long filter, filterRow, filterColumn, filterDepth, filterChannel;

  int window() const { return windowRows * windowColumns * depth; }
  bool few() const { return channels <= fewChannels; }
};

struct Place {
  int source, target;
};

/** The places of so many samples. */
inline std::vector<Place> listPlaces(const Correlation& c, int samples, long sourceSample, long targetSample) {
  std::vector<Place> places;
  places.reserve((size_t)samples * c.rows * c.columns);
  for (int i = 0; i < samples; i++)
    for (int j = 0; j < c.rows; j++)
      for (int k = 0; k < c.columns; k++)
        places.push_back({int(i * sourceSample + c.source + j * c.sourceRow + k * c.sourceColumn),
                          int(i * targetSample + c.target + j * c.targetRow + k * c.targetColumn)});
  return places;
}

/** Where the filter has one of a window's numbers, for the target's first channel. */
inline long filterOffset(const Correlation& c, int number) {
  int place = number / c.depth;
  return c.filter + place / c.windowColumns * c.filterRow + place % c.windowColumns * c.filterColumn +
         number % c.depth * c.filterDepth;
}

/** Numbers of a window that lie side by side. */
inline int runLength(const Correlation& c) { return c.windowColumn == c.depth ? c.windowColumns * c.depth : c.depth; }

/** A part of a window that is loaded at once. */
struct Piece {
  int offset;
  /** Which of the window's numbers it begins with, and how many they are. */
  int number, count;
};

/** The pieces of a window: single numbers, or with few channels vectors; those that are not whole come last. */
inline std::vector<Piece> listPieces(const Correlation& c) {
  int run = runLength(c), runs = run == c.depth ? c.windowColumns : 1, length = c.few() ? width : 1;
  std::vector<Piece> pieces;
  for (bool whole : {true, false})
    for (int i = 0; i < c.windowRows; i++)
      for (int j = 0; j < runs; j++)
        for (int k = 0; k < run; k += length)
          if ((k + length <= run) == whole)
            pieces.push_back({int(i * c.windowRow + j * c.windowColumn + k), (i * runs + j) * run + k,
                              std::min(length, run - k)});
  return pieces;
}

/** Floats of a filter laid out for so many pieces. */
inline long filterSize(const Correlation& c, const std::vector<Piece>& pieces) {
  return (long)pieces.size() * (c.few() ? c.channels * width : roundUp(c.channels, width));
}

template <int... lane>
inline Vector shuffle(Vector a, Vector b, std::integer_sequence<int, lane...>) {
#if defined(__clang__) || __GNUC__ >= 12
  return __builtin_shufflevector(a, b, lane...);
#else
  return Vector{(lane < width ? a[lane % width] : b[lane % width])...};
#endif
}

constexpr auto allLanes = std::make_integer_sequence<int, width>{};

/** Every other block of lanes of a and of b in turn, from the block number `first` on. */
template <int block, int first, int... lane>
inline Vector takeBlocks(Vector a, Vector b, std::integer_sequence<int, lane...>) {
  return shuffle(a, b, std::integer_sequence<int, lane / block % 2 * width + lane / (2 * block) * (2 * block) +
                                                      first * block + lane % block...>{});
}

/** The sum of the lanes of each of so many vectors as there are lanes. */
template <int block = 1>
inline Vector addLanes(const Vector* x) {
  constexpr int count = width / block / 2;
  Vector sums[count];
#pragma GCC unroll 8
  for (int i = 0; i < count; i++)
    sums[i] = takeBlocks<block, 0>(x[2 * i], x[2 * i + 1], allLanes) +
              takeBlocks<block, 1>(x[2 * i], x[2 * i + 1], allLanes);
  if constexpr (count == 1)
    return sums[0];
  else
    return addLanes<2 * block>(sums);
}

/**
 * How the sums of many channels lie in vectors. One vector of channels alone would need a broadcast for every product.
 * Two or four numbers of a run are broadcast together then: the channels take turns in two vectors, each with a lane
 * for each of the numbers, and lanes are added in the end.
 */
enum class Lanes { one, two, pairs, quads };

/** Numbers that are broadcast together. */
constexpr int numbersOf(Lanes lanes) { return lanes == Lanes::quads ? 4 : lanes == Lanes::pairs ? 2 : 1; }

constexpr int vectorsOf(Lanes lanes) { return lanes == Lanes::one ? 1 : 2; }

/** Rows of sums that fit in the registers: there are 16 of these, or 32. */
#if defined(__AVX512F__) || defined(__aarch64__)
constexpr int tileOf(Lanes lanes) { return lanes == Lanes::one ? 9 : 8; }
#else
constexpr int tileOf(Lanes lanes) { return lanes == Lanes::one ? 9 : 6; }
#endif

/** How the last `channels` of a correlation's channels, or two vectors of them, are worked off. */
inline Lanes lanesOf(const Correlation& c, int channels) {
  if (channels > width) return Lanes::two;
  if (channels <= width / 2 && runLength(c) % 4 == 0) return Lanes::quads;
  return runLength(c) % 2 == 0 ? Lanes::pairs : Lanes::one;
}

/** Calls work(the lanes as a constant). */
template <class Work>
inline void forLanes(Lanes lanes, Work work) {
  if (lanes == Lanes::one) work(std::integral_constant<Lanes, Lanes::one>());
  if (lanes == Lanes::two) work(std::integral_constant<Lanes, Lanes::two>());
  if (lanes == Lanes::pairs) work(std::integral_constant<Lanes, Lanes::pairs>());
  if (lanes == Lanes::quads) work(std::integral_constant<Lanes, Lanes::quads>());
}

/** Two neighbouring numbers, again and again. */
inline Vector broadcastPair(const float* from) {
  typedef int64_t Pairs __attribute__((vector_size(4 * width)));
  int64_t pair;
  std::memcpy(&pair, from, sizeof pair);
  Pairs pairs = Pairs{} + pair;
  Vector x;
  std::memcpy(&x, &pairs, sizeof x);
  return x;
}

/** Lanes that are in an odd pair. */
template <int... lane>
inline Mask oddPairs(std::integer_sequence<int, lane...>) {
  return Mask{-(lane / 2 % 2)...};
}

/** So many neighbouring numbers, again and again. */
template <int numbers>
inline Vector broadcast(const float* from) {
  if constexpr (numbers == 4) return select(oddPairs(allLanes), broadcastPair(from + 2), broadcastPair(from));
  if constexpr (numbers == 2) return broadcastPair(from);
  return splat(*from);
}

/** From channels in order: one of the two vectors in which they take turns, each for so many numbers. */
template <int numbers, int odd, int... lane>
inline Vector spread(Vector x, std::integer_sequence<int, lane...>) {
  return shuffle(x, x, std::integer_sequence<int, lane / numbers * 2 + odd...>{});
}

/** From these two vectors: the channels in order for one of the numbers. */
template <int numbers, int number, int... lane>
inline Vector collect(Vector even, Vector odd, std::integer_sequence<int, lane...>) {
  return shuffle(even, odd, std::integer_sequence<int, lane % 2 * width + (lane / 2 * numbers + number) % width...>{});
}

/** Calls work(each of the numbers as a constant). */
template <int numbers, class Work>
inline void forNumbers(Work work) {
  if constexpr (numbers > 1) forNumbers<numbers - 1>(work);
  work(std::integral_constant<int, numbers - 1>());
}

/** The same summed over the numbers. */
template <int numbers>
inline Vector collectAll(Vector even, Vector odd) {
  Vector sum = {};
  forNumbers<numbers>([&](auto number) { sum += collect<numbers, number>(even, odd, allLanes); });
  return sum;
}

/**
 * Lays out a filter as `correlate` reads it. With few channels: piece by piece a vector for each channel. With many:
 * for every two vectors of channels number by number, or numbers that are broadcast together. What is missing is zero.
 */
inline void layOut(const Correlation& c, const float* filter, float* to) {
  std::vector<Piece> pieces = listPieces(c);
  std::fill(to, to + filterSize(c, pieces), 0.0f);
  for (long i = 0; i < (long)pieces.size(); i++)
    for (int lane = 0; lane < pieces[i].count; lane++) {
      const float* from = filter + filterOffset(c, pieces[i].number + lane);
      if (c.few()) {
        for (int j = 0; j < c.channels; j++) to[(i * c.channels + j) * width + lane] = from[j * c.filterChannel];
        continue;
      }
      for (int channel = 0; channel < c.channels; channel += 2 * width) {
        int channels = std::min(2 * width, c.channels - channel);
        Lanes lanes = lanesOf(c, channels);
        int numbers = numbersOf(lanes);
        float* vectors = to + channel * (long)pieces.size() + i / numbers * vectorsOf(lanes) * width + i % numbers;
        for (int j = 0; j < channels; j++, from += c.filterChannel)
          vectors[numbers == 1 ? j : j % 2 * width + j / 2 * numbers] = *from;
      }
    }
}

// The four functions that do the work are not inlined: their callers' variables would cost them registers.

/** So many places from the first on; the last one again where there are no more. */
template <int count>
inline const Place* takePlaces(const Place* first, long left, Place* copy) {
  if (left >= count) return first;
  for (int i = 0; i < count; i++) copy[i] = first[i < left ? i : left - 1];
  return copy;
}

/** Up to two vectors of the target's channels, of which the first `channels` are there. */
template <Lanes lanes>
__attribute__((noinline)) void correlateMany(const std::vector<Place>& places, const std::vector<Piece>& pieces,
                                             const float* source, const float* filter, float* target, int channels) {
  constexpr int tile = tileOf(lanes), vectors = vectorsOf(lanes), numbers = numbersOf(lanes);
  constexpr int columns = numbers == 1 ? vectors : 1;
  const Piece* end = pieces.data() + pieces.size();
  const Place *place = places.data(), *placesEnd = place + places.size();
  for (; place < placesEnd; place += tile) {
    Place copy[tile];
    const Place* at = takePlaces<tile>(place, placesEnd - place, copy);
    const float* from[tile];
#pragma GCC unroll 16
    for (int i = 0; i < tile; i++) from[i] = source + at[i].source;
    Vector sums[tile][vectors] = {};
    const float* factors = filter;
    for (const Piece* piece = pieces.data(); piece < end; piece += numbers) {
      long offset = piece->offset;
      Vector right[vectors];
#pragma GCC unroll 2
      for (int j = 0; j < vectors; j++) right[j] = load(factors + j * width);
      factors += vectors * width;
#pragma GCC unroll 16
      for (int i = 0; i < tile; i++) {
        Vector left = broadcast<numbers>(from[i] + offset);
#pragma GCC unroll 2
        for (int j = 0; j < vectors; j++) sums[i][j] += left * right[j];
      }
    }
    if constexpr (numbers > 1)
#pragma GCC unroll 16
      for (int i = 0; i < tile; i++) sums[i][0] = collectAll<numbers>(sums[i][0], sums[i][1]);
    if (channels == columns * width) {
#pragma GCC unroll 16
      for (int i = 0; i < tile; i++)
#pragma GCC unroll 2
        for (int j = 0; j < columns; j++) store(target + at[i].target + j * width, sums[i][j]);
    } else {
      float results[tile][columns * width];
#pragma GCC unroll 16
      for (int i = 0; i < tile; i++)
#pragma GCC unroll 2
        for (int j = 0; j < columns; j++) store(results[i] + j * width, sums[i][j]);
      for (int i = 0; i < tile; i++)
        for (int j = 0; j < channels; j++) target[at[i].target + j] = results[i][j];
    }
  }
}

/** Lanes before `count` set. */
inline Mask firstLanes(int count) {
  Mask lanes;
  for (int i = 0; i < width; i++) lanes[i] = i < count ? -1 : 0;
  return lanes;
}

template <int channels>
__attribute__((noinline)) void correlateFew(const std::vector<Place>& places, const std::vector<Piece>& pieces,
                                            const float* source, const float* filter, float* target) {
  constexpr int tile = std::min(width, 8) / channels;
  const Place *place = places.data(), *placesEnd = place + places.size();
  const Piece* end = pieces.data() + pieces.size();
  const Piece* whole = std::find_if(pieces.data(), end, [](const Piece& piece) { return piece.count < width; });
  Mask rest = firstLanes(pieces.empty() ? 0 : pieces.back().count);
  for (; place < placesEnd; place += tile) {
    Place copy[tile];
    const Place* at = takePlaces<tile>(place, placesEnd - place, copy);
    const float* from[tile];
#pragma GCC unroll 8
    for (int i = 0; i < tile; i++) from[i] = source + at[i].source;
    Vector sums[width] = {};
    const float* factors = filter;
    auto add = [&](auto count, const Piece* piece, auto mask) {
#pragma GCC unroll 8
      for (int i = 0; i < tile; i++)
        for (int k = 0; k < count; k++) {
          Vector left = mask(load(from[i] + piece[k].offset));
          const float* right = factors + k * channels * width;
#pragma GCC unroll 4
          for (int j = 0; j < channels; j++) sums[i * channels + j] += left * load(right + j * width);
        }
      factors += count * channels * width;
    };
    // Two pieces of a place at a time: the same piece of two places is often in the same bank of the cache, of which
    // only one line is read at once.
    auto all = [](Vector x) { return x; };
    const Piece* piece = pieces.data();
    for (; whole - piece >= 2; piece += 2) add(std::integral_constant<int, 2>(), piece, all);
    if (piece < whole) add(std::integral_constant<int, 1>(), piece++, all);
    // What lies beyond the window must not take part: infinity times zero is not zero.
    auto part = [&](Vector x) { return bitsToFloats(floatsToBits(x) & rest); };
    for (; piece < end; piece++) add(std::integral_constant<int, 1>(), piece, part);
    Vector sum = addLanes(sums);
    if constexpr (tile * channels == width) {
      bool dense = at == place && at[tile - 1].target - at[0].target == (tile - 1) * channels;
      if (dense) {
        store(target + at[0].target, sum);
        continue;
      }
    }
#pragma GCC unroll 8
    for (int i = 0; i < tile; i++)
#pragma GCC unroll 4
      for (int j = 0; j < channels; j++) target[at[i].target + j] = sum[i * channels + j];
  }
}

/** Calls work(the number of channels as a constant) for few channels. */
template <class Work>
inline void forFew(int channels, Work work) {
  if (channels == 1) work(std::integral_constant<int, 1>());
  if (channels == 2) work(std::integral_constant<int, 2>());
  if constexpr (fewChannels == 4) {
    if (channels == 3) work(std::integral_constant<int, 3>());
    if (channels == 4) work(std::integral_constant<int, 4>());
  }
}

inline void correlate(const Correlation& c, const std::vector<Place>& places, const std::vector<Piece>& pieces,
                      const float* source, const float* filter, float* target) {
  if (c.few()) {
    return forFew(c.channels, [&](auto channels) {
      correlateFew<channels>(places, pieces, source, filter, target);
    });
  }
  for (int channel = 0; channel < c.channels; channel += 2 * width) {
    int channels = std::min(2 * width, c.channels - channel);
    const float* panel = filter + (long)channel * pieces.size();
    forLanes(lanesOf(c, channels), [&](auto lanes) {
      correlateMany<lanes>(places, pieces, source, panel, target + channel, channels);
    });
  }
}

/** Some correlations of the same samples, one after another; their filters are laid out one after another, too. */
inline void correlateSamples(const std::vector<Correlation>& all, const Frame& frame, const float* source,
                             const float* filter, float* target, long targetSample, int begin, int end,
                             float* scratch) {
  struct Lists {
    std::vector<Place> places;
    std::vector<Piece> pieces;
  };
  std::vector<Lists> lists;
  std::fill(scratch, scratch + frame.size(), 0.0f);
  for (int i = begin, listed = 0; i < end; i += frame.group) {
    int samples = std::min(frame.group, end - i);
    if (samples != listed) {
      lists.clear();
      for (const Correlation& c : all)
        lists.push_back({listPlaces(c, samples, frame.framed(), targetSample), listPieces(c)});
      listed = samples;
    }
    const float* framed = frame.put(source + i * frame.sample(), samples, scratch);
    const float* laidOut = filter;
    for (size_t j = 0; j < all.size(); j++) {
      correlate(all[j], lists[j].places, lists[j].pieces, framed, laidOut, target + i * targetSample);
      laidOut += filterSize(all[j], lists[j].pieces);
    }
  }
}

// ---------------------------------------------------------------------------------------------------------------------
// y = x * filter

inline Correlation forward(const Geometry& g) {
  long row = inputFrame(g).row(), column = g.inChannels, tap = (long)g.inChannels * g.outChannels;
  Correlation c;
  c.rows = g.outHeight, c.columns = g.outWidth, c.channels = g.outChannels;
  c.source = 0, c.sourceRow = g.strideHeight * row, c.sourceColumn = g.strideWidth * column;
  c.target = 0, c.targetRow = (long)g.outWidth * g.outChannels, c.targetColumn = g.outChannels;
  c.windowRows = g.filterHeight, c.windowColumns = g.filterWidth, c.depth = g.inChannels;
  c.windowRow = g.dilationHeight * row, c.windowColumn = g.dilationWidth * column;
  c.filter = 0, c.filterRow = g.filterWidth * tap, c.filterColumn = tap;
  c.filterDepth = g.outChannels, c.filterChannel = 1;
  return c;
}

/** Floats of a filter that is prepared for `convolve`. */
inline long preparedFilterSize(const Geometry& g) {
  Correlation c = forward(g);
  return filterSize(c, listPieces(c));
}

inline void prepareFilter(const Geometry& g, const float* filter, float* prepared) {
  layOut(forward(g), filter, prepared);
}

/** y of samples [begin, end). */
inline void convolve(const Geometry& g, const float* x, const float* prepared, float* y, int begin, int end,
                     float* scratch) {
  long sample = (long)g.outHeight * g.outWidth * g.outChannels;
  correlateSamples({forward(g)}, inputFrame(g), x, prepared, y, sample, begin, end, scratch);
}

// ---------------------------------------------------------------------------------------------------------------------
// dx from dy. Places of the input that are `stride` apart see the same taps of the filter, others see other ones: for
// each such phase this is a correlation of its own, in which no zeros between places of dy are multiplied.

struct Phase {
  /** Places of the input: the first, and how many. */
  int first, count;
  /** Taps of the filter, from the last to the first: how many, the last, and the step between them. */
  int taps, lastTap, tapStep;
  /** The place of the output that the last tap sees at the first place, and the step from tap to tap. */
  int source, sourceStep;
};

inline Phase phase(Axis a, int number) {
  int first = ((number - a.pad) % a.stride + a.stride) % a.stride;
  Phase p = {first, first < a.in ? (a.in - 1 - first) / a.stride + 1 : 0, 0, 0, 1, 0, 1};
  int firstTap = 0;
  for (int tap = 0; tap < a.filter; tap++) {
    if ((tap * a.dilation - number) % a.stride) continue;
    if (p.taps == 0) firstTap = tap;
    if (p.taps == 1) p.tapStep = tap - firstTap;
    p.taps++;
    p.lastTap = tap;
  }
  p.source = (first + a.pad - p.lastTap * a.dilation) / a.stride;
  p.sourceStep = p.tapStep * a.dilation / a.stride;
  return p;
}

inline std::vector<Correlation> phases(const Geometry& g) {
  Frame frame = outputFrame(g);
  long column = g.outChannels, row = frame.row(), tap = (long)g.inChannels * g.outChannels;
  std::vector<Correlation> all;
  for (int i = 0; i < g.strideHeight; i++)
    for (int j = 0; j < g.strideWidth; j++) {
      Phase v = phase(vertical(g), i), h = phase(horizontal(g), j);
      if (v.count == 0 || h.count == 0) continue;
      Correlation c;
      c.rows = v.count, c.columns = h.count, c.channels = g.inChannels;
      c.source = (v.source + frame.top) * row + (h.source + frame.left) * column;
      c.sourceRow = row, c.sourceColumn = column;
      c.target = ((long)v.first * g.inWidth + h.first) * g.inChannels;
      c.targetRow = (long)g.strideHeight * g.inWidth * g.inChannels;
      c.targetColumn = (long)g.strideWidth * g.inChannels;
      c.windowRows = v.taps, c.windowColumns = h.taps, c.depth = g.outChannels;
      c.windowRow = v.sourceStep * row, c.windowColumn = h.sourceStep * column;
      c.filter = ((long)v.lastTap * g.filterWidth + h.lastTap) * tap;
      c.filterRow = -v.tapStep * g.filterWidth * tap, c.filterColumn = -h.tapStep * tap;
      c.filterDepth = 1, c.filterChannel = g.outChannels;
      all.push_back(c);
    }
  return all;
}

/** Floats of a filter that is prepared for `convolveInputGradient`. */
inline long preparedGradientFilterSize(const Geometry& g) {
  long size = 0;
  for (const Correlation& c : phases(g)) size += filterSize(c, listPieces(c));
  return size;
}

inline void prepareGradientFilter(const Geometry& g, const float* filter, float* prepared) {
  for (const Correlation& c : phases(g)) {
    layOut(c, filter, prepared);
    prepared += filterSize(c, listPieces(c));
  }
}

/** dx of samples [begin, end); also the forward pass of a transposed convolution. */
inline void convolveInputGradient(const Geometry& g, const float* dy, const float* prepared, float* dx, int begin,
                                  int end, float* scratch) {
  long sample = (long)g.inHeight * g.inWidth * g.inChannels;
  correlateSamples(phases(g), outputFrame(g), dy, prepared, dx, sample, begin, end, scratch);
}

// ---------------------------------------------------------------------------------------------------------------------
// The filter's gradient: every number of it is a sum over places, of products of a number of the window and a channel.
// With few channels of the output the correlations of dx have more channels to offer: x and dy change places.

inline bool changesPlaces(const Geometry& g) { return g.outChannels <= fewChannels && g.inChannels > fewChannels; }

/** What windows lie in. */
inline Frame windowFrame(const Geometry& g) { return changesPlaces(g) ? outputFrame(g) : inputFrame(g); }

/** What channels are taken from; vectors may reach beyond the last one. */
inline Frame channelFrame(const Geometry& g) {
  int height = g.outHeight, width = g.outWidth, channels = g.outChannels;
  if (changesPlaces(g)) height = g.inHeight, width = g.inWidth, channels = g.inChannels;
  bool whole = channels <= fewChannels || channels % aenb::width == 0;
  return frame(g, height, width, channels, 0, 0, height, width, !whole);
}

/** Adds to up to two vectors of the gradient's rows: the output's channels, of which the first `channels` are there. */
template <Lanes lanes>
__attribute__((noinline)) void addGradientMany(const Place* places, int count, const std::vector<Piece>& pieces,
                                               const float* source, const float* factors, float* gradient,
                                               long gradientRow, int channels) {
  constexpr int tile = tileOf(lanes), vectors = vectorsOf(lanes), numbers = numbersOf(lanes);
  constexpr int columns = numbers == 1 ? vectors : 1;
  int window = (int)pieces.size();
  for (int first = 0; first < window; first += tile * numbers) {
    const float* from[tile];
#pragma GCC unroll 16
    for (int i = 0; i < tile; i++)
      from[i] = source + pieces[std::min(first + i * numbers, window - numbers)].offset;
    Vector sums[tile][vectors] = {};
    for (const Place* place = places; place < places + count; place++) {
      long offset = place->source;
      const float* at = factors + place->target;
      Vector right[vectors];
      if constexpr (numbers > 1) {
        right[0] = spread<numbers, 0>(load(at), allLanes);
        right[1] = spread<numbers, 1>(load(at), allLanes);
      } else {
#pragma GCC unroll 2
        for (int j = 0; j < vectors; j++) right[j] = load(at + j * width);
      }
#pragma GCC unroll 16
      for (int i = 0; i < tile; i++) {
        Vector left = broadcast<numbers>(from[i] + offset);
#pragma GCC unroll 2
        for (int j = 0; j < vectors; j++) sums[i][j] += left * right[j];
      }
    }
    constexpr int rows = tile * numbers;
    Vector results[rows][columns];
#pragma GCC unroll 16
    for (int i = 0; i < tile; i++)
      if constexpr (numbers > 1) {
        forNumbers<numbers>([&](auto number) {
          results[i * numbers + number][0] = collect<numbers, number>(sums[i][0], sums[i][1], allLanes);
        });
      } else {
#pragma GCC unroll 2
        for (int j = 0; j < vectors; j++) results[i][j] = sums[i][j];
      }
    float* to = gradient + first * gradientRow;
    int count = std::min(rows, window - first);
    if (channels == columns * width) {
#pragma GCC unroll 16
      for (int i = 0; i < rows; i++, to += gradientRow)
#pragma GCC unroll 2
        for (int j = 0; j < columns; j++)
          if (i < count) store(to + j * width, load(to + j * width) + results[i][j]);
    } else {
      float copy[rows][columns * width];
#pragma GCC unroll 16
      for (int i = 0; i < rows; i++)
#pragma GCC unroll 2
        for (int j = 0; j < columns; j++) store(copy[i] + j * width, results[i][j]);
      for (int i = 0; i < count; i++, to += gradientRow)
        for (int j = 0; j < channels; j++) to[j] += copy[i][j];
    }
  }
}

/** Vectors lie across the window, and the few channels are broadcast. */
template <int channels>
__attribute__((noinline)) void addGradientFew(const Place* places, int count, const std::vector<Piece>& pieces,
                                              const float* source, const float* factors, float* gradient) {
  constexpr int tile = 9 / channels;
  int last = (int)pieces.size() - 1;
  for (int first = 0; first <= last; first += tile) {
    const float* from[tile];
#pragma GCC unroll 16
    for (int i = 0; i < tile; i++) from[i] = source + pieces[std::min(first + i, last)].offset;
    Vector sums[tile][channels] = {};
    for (const Place* place = places; place < places + count; place++) {
      long offset = place->source;
      const float* right = factors + place->target;
#pragma GCC unroll 16
      for (int i = 0; i < tile; i++) {
        Vector left = load(from[i] + offset);
#pragma GCC unroll 4
        for (int j = 0; j < channels; j++) sums[i][j] += left * right[j];
      }
    }
#pragma GCC unroll 16
    for (int i = 0; i < tile; i++)
#pragma GCC unroll 4
      for (int j = 0; j < channels; j++) {
        if (first + i > last) break;
        const Piece& piece = pieces[first + i];
        float* to = gradient + piece.number * channels + j;
        for (int lane = 0; lane < piece.count; lane++) to[lane * channels] += sums[i][j][lane];
      }
  }
}

/** Adds the gradient over some places to `gradient`: a row for each of the window's numbers. */
inline void addGradient(const Correlation& c, const Place* places, int count, const std::vector<Piece>& pieces,
                        const float* source, const float* factors, float* gradient) {
  if (c.few()) {
    return forFew(c.channels, [&](auto channels) {
      addGradientFew<channels>(places, count, pieces, source, factors, gradient);
    });
  }
  // A window may be so small that tiles for two vectors would be idler than those for one.
  int window = (int)pieces.size();
  int panel = roundUp(window, tileOf(Lanes::one)) < roundUp(window, tileOf(Lanes::two)) ? width : 2 * width;
  for (int channel = 0; channel < c.channels; channel += panel) {
    int channels = std::min(panel, c.channels - channel);
    forLanes(lanesOf(c, channels), [&](auto lanes) {
      addGradientMany<lanes>(places, count, pieces, source, factors + channel, gradient + channel, c.channels,
                             channels);
    });
  }
}

inline long filterSize(const Geometry& g) {
  return (long)g.filterHeight * g.filterWidth * g.inChannels * g.outChannels;
}

/** The filter's gradient over samples [begin, end), written to `partial`. */
inline void convolveFilterGradient(const Geometry& g, const float* x, const float* dy, float* partial, int begin,
                                   int end, float* scratch) {
  bool change = changesPlaces(g);
  std::vector<Correlation> all = change ? phases(g) : std::vector<Correlation>{forward(g)};
  Frame windows = windowFrame(g), channels = channelFrame(g);
  float *gradients = scratch, *copy = gradients + filterSize(g), *channelsCopy = copy + windows.size();
  std::fill(scratch, channelsCopy + channels.size(), 0.0f);
  std::vector<std::vector<Piece>> pieces;
  std::vector<std::vector<Place>> places;
  for (const Correlation& c : all) {
    pieces.push_back(listPieces(c));
    places.push_back(listPlaces(c, windows.group, windows.framed(), channels.sample()));
  }
  for (int i = begin; i < end; i += windows.group) {
    int samples = std::min(windows.group, end - i);
    const float* source = windows.put((change ? dy : x) + i * windows.sample(), samples, copy);
    const float* factors = channels.put((change ? x : dy) + i * channels.sample(), samples, channelsCopy);
    float* gradient = gradients;
    for (size_t j = 0; j < all.size(); j++) {
      // So few places at a time that what is read of them stays in the first cache.
      for (int place = 0, count = samples * all[j].rows * all[j].columns; place < count; place += manyPlaces)
        addGradient(all[j], &places[j][place], std::min(manyPlaces, count - place), pieces[j], source, factors,
                    gradient);
      gradient += (long)all[j].window() * all[j].channels;
    }
  }
  std::fill(partial, partial + filterSize(g), 0.0f);
  const float* gradient = gradients;
  for (const Correlation& c : all)
    for (int number = 0; number < c.window(); number++)
      for (int j = 0; j < c.channels; j++) partial[filterOffset(c, number) + j * c.filterChannel] = *gradient++;
}

/** Floats of scratch that each of the three needs. */
inline long convolveScratch(const Geometry& g) {
  return std::max({inputFrame(g).size(), outputFrame(g).size(),
                   filterSize(g) + windowFrame(g).size() + channelFrame(g).size()});
}

}  // namespace aenb
