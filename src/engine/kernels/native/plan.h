// Reads a plan: numbers that operations.ts wrote.
#pragma once
#include <stdexcept>
#include <string>

#include "operations.h"

namespace aenb {

class Reader {
  const int32_t* words;
  const int32_t* end;
  const std::vector<float*>& places;
  std::vector<Source>& sources;
  const int threads;

 public:
  Reader(const int32_t* words, long count, const std::vector<float*>& places, std::vector<Source>& sources, int threads)
      : words(words), end(words + count), places(places), sources(sources), threads(threads) {}

  bool atEnd() const { return words >= end; }

  std::unique_ptr<Operation> operation() {
    switch (word()) {
      case 0: return made<Product>();
      case 1: return made<Elements>();
      case 2: return made<Reduce>();
      case 3: return made<Copy>();
      case 4: return made<Gather>();
      case 5: return made<Update>();
      case 6: return made<PrepareFilter>();
      case 7: return made<Convolution>();
      case 8: return made<FilterGradient>();
      case 9: return made<Pool>();
      case 10: return made<Enlarge>();
      default: throw std::invalid_argument("an unknown operation in the plan");
    }
  }

 private:
  int32_t word() {
    if (atEnd()) throw std::invalid_argument("a plan that ends too early");
    return *words++;
  }
  float real() {
    const int32_t bits = word();
    float x;
    std::memcpy(&x, &bits, sizeof x);
    return x;
  }
  /** A value's address; null where there is none. */
  float* place() {
    const int32_t index = word();
    return index < 0 ? nullptr : places.at(index);
  }

  template <class T>
  std::unique_ptr<T> made() {
    auto operation = std::make_unique<T>();
    read(*operation);
    operation->divide(threads);
    return operation;
  }

  void read(Product& p) {
    auto& m = p.matrices;
    m.a = place();
    m.a += word();
    m.aRow = word();
    m.aColumn = word();
    m.b = place();
    m.b += word();
    m.bRow = word();
    m.bColumn = word();
    m.c = place();
    m.c += word();
    m.rows = word();
    m.columns = word();
    m.depth = word();
    read(p.after);
    if (word()) read(p.learning.emplace());
  }

  void read(Geometry& g) {
    for (int* size : {&g.batch, &g.inHeight, &g.inWidth, &g.inChannels, &g.outHeight, &g.outWidth, &g.outChannels,
                      &g.filterHeight, &g.filterWidth, &g.strideHeight, &g.strideWidth, &g.dilationHeight,
                      &g.dilationWidth, &g.padTop, &g.padLeft})
      *size = word();
  }

  void read(PrepareFilter& p) {
    read(p.geometry);
    p.forGradient = word();
    p.filter = place();
    p.prepared = place();
  }

  void read(Convolution& c) {
    read(c.geometry);
    c.isGradient = word();
    c.x = place();
    c.prepared = place();
    c.y = place();
    read(c.after);
  }

  void read(FilterGradient& f) {
    read(f.geometry);
    f.parts = word();
    f.x = place();
    f.dy = place();
    f.partial = place();
  }

  void read(Pool& p) {
    read(p.geometry);
    p.kind = (Pooling)word();
    p.x = place();
    p.y = place();
    p.dy = place();
    p.output = place();
  }

  void read(Enlarge& e) {
    auto& [height, width, channels, down, across] = e.enlargement;
    for (int* size : {&e.batch, &height, &width, &channels, &down, &across}) *size = word();
    e.isGradient = word();
    e.x = place();
    e.y = place();
  }

  void read(Learning& l) {
    l.kind = (Optimizer)word();
    l.w = place();
    l.first = place();
    l.second = place();
    l.settings = place();
  }

  void read(Elements& e) { read(e.expression); }

  void read(Expression& e) {
    e.rows = word();
    e.columns = word();
    e.operands.resize(word());
    for (Operand& operand : e.operands) {
      operand.kind = (Operand::Kind)word();
      operand.values = place();
    }
    e.slots = word();
    e.steps.resize(word());
    for (Step& step : e.steps) {
      step.operation = (Elementwise)word();
      step.a = word();
      step.b = word();
      step.c = word();
      step.first = real();
      step.second = real();
      step.slot = word();
      step.output = place();
    }
    if (e.operands.size() + e.steps.size() > mostRegisters) throw std::invalid_argument("an expression that is too long");
  }

  void read(Reduce& r) {
    r.kind = (Reduction)word();
    r.along.outer = word();
    r.along.size = word();
    r.along.inner = word();
    r.x = place();
    r.y = place();
    r.scale = real();
  }

  void read(Copy& c) {
    for (int& size : c.shape) size = word();
    for (long& stride : c.from) stride = word();
    for (long& stride : c.to) stride = word();
    c.x = place();
    c.x += word();
    c.y = place();
    c.y += word();
  }

  void read(Gather& g) {
    g.source = &sources.at(word());
    g.y = place();
    g.rows = word();
    g.columns = word();
  }

  void read(Update& u) {
    read(u.learning);
    u.count = word();
    u.gradient = place();
  }
};

}  // namespace aenb
