/** The message contract between page and worker. The requests are answered by demos_py/core/bridge.py. */

export interface Asset {
  /** below the folder of all assets: `<hash>/<name>` */
  path: string;
  bytes: number;
  /** hexadecimal */
  sha256: string;
}

export interface Manifest {
  files: Record<string, Asset>;
  /** Pyodide's lock file, without packages: the book's own come as archives */
  lock: object;
}

export type Request =
  | { type: "open"; key: string; uid: string; demo: string; preset: string; link: string; lock: string[]; numpy: boolean; files?: Files }
  | { type: "change"; key: string; values: Record<string, string[]> }
  | { type: "event"; key: string; name: string; value: string }
  | { type: "seek"; key: string; to: number }
  | { type: "ahead"; key: string }
  | { type: "close"; key: string };

/** A program, its files by path. */
export type Files = Record<string, string>;

/** Where a figure that moves is. */
export interface Run {
  /** the step shown */
  at: number;
  /** the step asked for, which a slow machine reaches later */
  wanted: number;
  /** how many steps are known */
  known: number;
  /** whether there are no more */
  done: boolean;
  /** moments that the figure names: step and words */
  marks: [number, string][];
}

export interface Answer {
  parts?: Record<string, string>;
  charts?: Record<string, PlotlyFigure>;
  link?: string;
  run?: Run;
  /** how long Python took, in milliseconds */
  ms?: number;
  /** the model that ran for this answer, if one did */
  ran?: { model: string; parameters: number; provider: string; ms: number };
  error?: string;
  /** of a program that the reader rewrote: what it printed, and where an error arose */
  printed?: string;
  at?: { file: string; line: number };
}

export interface PlotlyFigure {
  data: object[];
  layout: object;
}

export type ToWorker =
  | {
      type: "start";
      manifest: Manifest;
      base: string;
      /** whether an earlier start failed */
      again: boolean;
      /** whether the worker can fetch nothing, and the page hands the files over */
      handed: boolean;
      snapshot: boolean;
      provider: string;
      keeps: boolean;
      /** whether what Python runs may be anyone's */
      closed: boolean;
    }
  /** a figure will need NumPy */
  | { type: "numpy" }
  | { type: "file"; name: string; found: Uint8Array | string }
  | { type: "ask"; id: number; request: Request };

export type FromWorker =
  | { type: "progress"; step: number; steps: number; doing: string; read: number; total: number; restoring: boolean }
  | { type: "want"; name: string }
  | { type: "loading"; what: string; read: number; total: number }
  /** only where Python's code may be anyone's: whether it runs now, or waits for the browser */
  | { type: "computing"; now: boolean }
  | { type: "ready" }
  | { type: "failed"; why: string }
  | { type: "answer"; id: number; answer: Answer };

declare global {
  /** Put in by the bundler: what the page may load, with hashes. */
  const __MANIFEST__: Manifest;
  /** Put in by the bundler: whether this is the copy that is read from disk. */
  const __DISK__: boolean;
}
