// Pooling and nearest-neighbour resizing of images [batch, height, width, channels], and their gradients. Channels are
// worked off as vectors, and those that are left one by one: the functions that do it take either.
#pragma once
#include <algorithm>

#include "convolution.h"

namespace aenb {

template <class Numbers>
inline Numbers get(const float* from) {
  Numbers x;
  std::memcpy(&x, from, sizeof x);
  return x;
}

template <class Numbers>
inline void put(float* to, Numbers x) {
  std::memcpy(to, &x, sizeof x);
}

/** Calls work(channel, a Vector or a float to tell which) until all channels are done. */
template <class Work>
inline void forChannels(int channels, Work work) {
  int channel = 0;
  for (; channel + width <= channels; channel += width) work(channel, Vector{});
  for (; channel < channels; channel++) work(channel, 0.0f);
}

/** A window as far as it lies in the image, as offsets in floats from the sample's first number. */
struct Window {
  long begin, end, row, rowLength, column;
  int places;

  template <class Visit>
  void forPlaces(Visit visit) const {
    for (long i = begin; i < end; i += row)
      for (long j = i; j < i + rowLength; j += column) visit(j);
  }
};

/** The part of a window's side that lies in the image. */
struct Side {
  int begin, end, count;
};

inline std::vector<Side> listSides(Axis a) {
  std::vector<Side> sides;
  for (int place = 0; place < a.out; place++) {
    Side side = {0, 0, 0};
    for (int i = 0; i < a.filter; i++) {
      int at = place * a.stride - a.pad + i * a.dilation;
      if (at < 0 || at >= a.in) continue;
      if (side.count++ == 0) side.begin = at;
      side.end = at + 1;
    }
    sides.push_back(side);
  }
  return sides;
}

/** Calls work(offset of the output's place, its window) for every place of samples [begin, end). */
template <class Work>
inline void forWindows(const Geometry& g, int begin, int end, Work work) {
  long column = g.inChannels, row = g.inWidth * column, sample = g.inHeight * row;
  long to = (long)begin * g.outHeight * g.outWidth * column;
  std::vector<Side> rows = listSides(vertical(g)), columns = listSides(horizontal(g));
  for (int i = begin; i < end; i++)
    for (const Side& v : rows)
      for (const Side& h : columns) {
        long first = i * sample + h.begin * column;
        work(to, Window{first + v.begin * row, first + v.end * row, g.dilationHeight * row, (h.end - h.begin) * column,
                        g.dilationWidth * column, v.count * h.count});
        to += column;
      }
}

/** Whether every place of the input lies in exactly one window, so that its gradient is written once. */
inline bool tiles(const Geometry& g) {
  auto exact = [](Axis a) { return a.filter == a.stride && a.dilation == 1 && a.pad == 0 && a.out * a.stride == a.in; };
  return exact(vertical(g)) && exact(horizontal(g));
}

/** Before gradients are added. */
inline void clearInput(const Geometry& g, float* dx, int begin, int end) {
  long sample = (long)g.inHeight * g.inWidth * g.inChannels;
  if (!tiles(g)) std::fill(dx + begin * sample, dx + end * sample, 0.0f);
}

/** The maximum in the image; NaN if there is one. */
inline void maxPool(const Geometry& g, const float* x, float* y, int begin, int end) {
  forWindows(g, begin, end, [&](long to, const Window& window) {
    forChannels(g.inChannels, [&](int channel, auto kind) {
      using Numbers = decltype(kind);
      Numbers best = get<Numbers>(x + window.begin + channel);
      window.forPlaces([&](long place) {
        Numbers here = get<Numbers>(x + place + channel);
        best = (here > best) | (here != here) ? here : best;
      });
      put(y + to + channel, best);
    });
  });
}

/** The gradient goes to the first place that holds the maximum. */
inline void maxPoolGradient(const Geometry& g, const float* dy, const float* x, const float* y, float* dx, int begin,
                            int end) {
  bool once = tiles(g);
  clearInput(g, dx, begin, end);
  forWindows(g, begin, end, [&](long from, const Window& window) {
    forChannels(g.inChannels, [&](int channel, auto kind) {
      using Numbers = decltype(kind);
      Numbers best = get<Numbers>(y + from + channel), rest = get<Numbers>(dy + from + channel), none = {};
      window.forPlaces([&](long place) {
        Numbers here = get<Numbers>(x + place + channel);
        auto found = (here == best) | (here != here);
        float* to = dx + place + channel;
        put<Numbers>(to, (once ? none : get<Numbers>(to)) + (found ? rest : none));
        rest = found ? none : rest;
      });
    });
  });
}

/** The mean of the places in the image. */
inline void averagePool(const Geometry& g, const float* x, float* y, int begin, int end) {
  forWindows(g, begin, end, [&](long to, const Window& window) {
    forChannels(g.inChannels, [&](int channel, auto kind) {
      using Numbers = decltype(kind);
      Numbers sum = {};
      window.forPlaces([&](long place) { sum += get<Numbers>(x + place + channel); });
      put<Numbers>(y + to + channel, sum / (float)window.places);
    });
  });
}

inline void averagePoolGradient(const Geometry& g, const float* dy, float* dx, int begin, int end) {
  bool once = tiles(g);
  clearInput(g, dx, begin, end);
  forWindows(g, begin, end, [&](long from, const Window& window) {
    forChannels(g.inChannels, [&](int channel, auto kind) {
      using Numbers = decltype(kind);
      Numbers share = get<Numbers>(dy + from + channel) / (float)window.places;
      window.forPlaces([&](long place) {
        float* to = dx + place + channel;
        put<Numbers>(to, once ? share : get<Numbers>(to) + share);
      });
    });
  });
}

/** An image of which every place is repeated `down` times downwards and `across` times to the right. */
struct Enlargement {
  int height, width, channels, down, across;
};

inline void resizeNearest(const Enlargement& e, const float* x, float* y, int begin, int end) {
  long row = (long)e.width * e.channels, enlargedRow = row * e.across, rows = e.height;
  for (long i = begin * rows; i < end * rows; i++) {
    float* to = y + i * e.down * enlargedRow;
    for (int place = 0; place < e.width; place++)
      forChannels(e.channels, [&](int channel, auto kind) {
        auto numbers = get<decltype(kind)>(x + i * row + place * e.channels + channel);
        for (int k = 0; k < e.across; k++) put(to + (place * e.across + k) * e.channels + channel, numbers);
      });
    for (int k = 1; k < e.down; k++) std::memcpy(to + k * enlargedRow, to, sizeof(float) * enlargedRow);
  }
}

inline void resizeNearestGradient(const Enlargement& e, const float* dy, float* dx, int begin, int end) {
  long row = (long)e.width * e.channels, enlargedRow = row * e.across, rows = e.height;
  for (long i = begin * rows; i < end * rows; i++)
    for (int place = 0; place < e.width; place++)
      forChannels(e.channels, [&](int channel, auto kind) {
        decltype(kind) sum = {};
        for (int down = 0; down < e.down; down++)
          for (int across = 0; across < e.across; across++)
            sum += get<decltype(kind)>(dy + (i * e.down + down) * enlargedRow +
                                       (place * e.across + across) * e.channels + channel);
        put(dx + i * row + place * e.channels + channel, sum);
      });
}

}  // namespace aenb
