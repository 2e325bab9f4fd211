// Runs the operations of a plan one after the other, the pieces of each on all threads.
#pragma once
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "operations.h"

#if defined(__x86_64__)
#define AENB_PAUSE() __builtin_ia32_pause()
#elif defined(__aarch64__)
#define AENB_PAUSE() __asm__ __volatile__("yield")
#else
#define AENB_PAUSE() std::this_thread::yield()
#endif

namespace aenb {

using Operations = std::vector<std::unique_ptr<Operation>>;

/** Scratch memory of one thread. */
class Scratch {
  std::vector<float> floats;

 public:
  float* get(long size) {
    if ((long)floats.size() < size + 16) floats.resize(size + 16);
    auto address = reinterpret_cast<uintptr_t>(floats.data());
    return reinterpret_cast<float*>((address + 63) & ~(uintptr_t)63);
  }
};

/**
 * The threads of the process that help. Whoever is free takes the next piece, and whoever finishes the last piece of an
 * operation opens the next one: a thread that the system has put aside between two pieces is not waited for.
 *
 * `ticket` says it all: which run, which of its operations, and how many of that one's pieces are taken. A helper that
 * comes late finds the number of another run in it and leaves.
 */
class Team {
  using Clock = std::chrono::steady_clock;
  std::atomic<uint64_t> ticket{0};
  std::atomic<int> done{0};
  std::atomic<const Operations*> operations{nullptr};
  std::atomic<int> count{0};
  std::atomic<long> scratchSize{0};
  std::atomic<uint32_t> wanted{0};
  std::atomic<int> sleeping{0};
  /** Helpers that look at a run. */
  std::atomic<int> inside{0};
  /** Held during a run: two threads of Node may train at the same time. */
  std::mutex busy;
  std::mutex mutex;
  std::condition_variable wake;
  std::vector<std::thread> helpers;
  Scratch own;

  static constexpr int pieceBits = 20, operationBits = 20;
  static uint64_t ticketOf(uint32_t run, int operation, int piece) {
    return (uint64_t)run << (pieceBits + operationBits) | (uint64_t)operation << pieceBits | (uint64_t)piece;
  }
  static uint32_t runOf(uint64_t ticket) { return (uint32_t)(ticket >> (pieceBits + operationBits)); }
  static int operationOf(uint64_t ticket) { return (int)(ticket >> pieceBits & ((1u << operationBits) - 1)); }
  static int pieceOf(uint64_t ticket) { return (int)(ticket & ((1u << pieceBits) - 1)); }
  /** How long a helper looks out for the next run before it sleeps: longer than what comes between two training steps. */
  static constexpr std::chrono::milliseconds patience{1};
  /** Runs are numbered in 24 bits. */
  static constexpr uint32_t runMask = 0xffffff;

  /** Takes part in a run until there is nothing left of it. */
  void work(uint32_t run, Scratch& scratch) {
    for (int waits = 0;;) {
      uint64_t at = ticket.load(std::memory_order_acquire);
      if (runOf(at) != run) return;
      const int index = operationOf(at);
      if (index >= count.load(std::memory_order_relaxed)) return;
      const Operations& list = *operations.load(std::memory_order_relaxed);
      const Operation& operation = *list[index];
      if (pieceOf(at) >= operation.pieces) {
        // the others are at the last pieces
        if (++waits % 256 == 0) std::this_thread::yield();
        else AENB_PAUSE();
        continue;
      }
      if (!ticket.compare_exchange_weak(at, at + 1, std::memory_order_acq_rel)) continue;
      waits = 0;
      operation.run(pieceOf(at), scratch.get(scratchSize.load(std::memory_order_relaxed)));
      if (done.fetch_add(1, std::memory_order_acq_rel) + 1 == operation.pieces) {
        done.store(0, std::memory_order_relaxed);
        ticket.store(ticketOf(run, index + 1, 0), std::memory_order_release);
      }
    }
  }

  void help() {
    Scratch scratch;
    for (uint32_t last = 0;;) {
      // to be woken takes a thread as long as a small step does
      for (auto since = Clock::now(); wanted.load(std::memory_order_acquire) == last && Clock::now() - since < patience;)
        for (int i = 0; i < 50; i++) AENB_PAUSE();
      if (wanted.load(std::memory_order_acquire) == last) {
        std::unique_lock<std::mutex> lock(mutex);
        sleeping++;
        wake.wait(lock, [&] { return wanted.load() != last; });
        sleeping--;
      }
      last = wanted.load(std::memory_order_acquire);
      inside++;
      work(last, scratch);
      inside--;
    }
  }

 public:
  /** The first `upTo` operations of the list. */
  void run(const Operations& list, int upTo, long scratch, int threads) {
    std::unique_lock<std::mutex> alone(busy, std::defer_lock);
    if (threads <= 1 || !alone.try_lock()) {
      thread_local Scratch serial;
      float* floats = serial.get(scratch);
      for (int i = 0; i < upTo; i++)
        for (int piece = 0; piece < list[i]->pieces; piece++) list[i]->run(piece, floats);
      return;
    }
    while ((int)helpers.size() + 1 < threads) helpers.emplace_back([this] { help(); });
    const uint32_t run = (runOf(ticket.load()) + 1) & runMask;
    operations.store(&list);
    count.store(upTo);
    scratchSize.store(scratch);
    done.store(0);
    ticket.store(ticketOf(run, 0, 0), std::memory_order_release);
    wanted.store(run);
    if (sleeping.load() > 0) {
      std::lock_guard<std::mutex> lock(mutex);
      wake.notify_all();
    }
    work(run, own);
  }

  /** Waits until no helper can still look at the operations of a run that has ended: before they are deleted. */
  void settle() {
    while (inside.load() > 0) std::this_thread::yield();
  }
};

}  // namespace aenb
