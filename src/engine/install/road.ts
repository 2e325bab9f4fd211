/** What a way of getting the native engine has to answer and do. */
export interface RoadPlan {
  /** Sentences that say why this road cannot be taken here; empty if it can. */
  obstacles: string[];
  downloadBytes: number;
  /** What stays on disk. */
  diskBytes: number;
  /** What is needed on the way. */
  peakBytes: number;
}

/** `step` is a stable word for programs, `detail` a sentence part for people. */
export interface InstallProgress {
  step: 'waiting' | 'downloading' | 'unpacking' | 'compiling' | 'testing';
  /** Of this step, where known. */
  fraction?: number;
  detail?: string;
}

export interface Work {
  /** Where the installation is put together; empty at the beginning, renamed when it is complete. */
  target: string;
  /** Finished downloads: kept after an interruption, so that the next attempt goes on from there. */
  downloads: string;
  /** Anything else; emptied before each attempt. */
  scratch: string;
  onProgress(progress: InstallProgress): void;
  signal?: AbortSignal;
}

export interface InstallRoad {
  name: 'wheel' | 'download';
  /** For messages: "TensorFlow's wheel". */
  title: string;
  plan(downloads: string, scratch: string, signal?: AbortSignal): Promise<RoadPlan>;
  /** @returns path of the addon within `target` */
  build(work: Work): Promise<string>;
}
