import { english, type HistogramWords, type ModelWords, type SummaryWords } from '../../drawing/words.ts';

/** Everything that renderers say by themselves. */
export interface Words extends SummaryWords, HistogramWords, ModelWords {
  readonly savePng: string;
  readonly saveCsv: string;
  readonly copyCsv: string;
  readonly copied: string;
  readonly showData: string;
  readonly logarithmic: string;
  readonly sortByError: string;
  readonly firstRows: (shown: string, total: string) => string;
  readonly showAll: string;
  readonly unit: string;
  readonly pages: string;
  readonly tools: string;
  readonly showMore: string;
  readonly broken: string;
  readonly sample: string;
  readonly series: string;
  readonly label: string;
  readonly pixel: string;
  readonly feature: string;
  readonly class: string;
  readonly horizontal: string;
  readonly vertical: string;
  readonly decoded: string;
  readonly zoomHint: string;
  readonly wholeMap: string;
  readonly wholePlot: string;
  readonly keyboardHint: string;
  readonly saveSvg: string;
  readonly colouredBy: string;
  readonly move: string;
  readonly walk: string;
  readonly lasso: string;
  readonly modes: string;
  readonly replay: string;
  readonly finished: string;
  readonly nextCell: string;
  readonly clearSelection: string;
  readonly needsKernel: string;
  readonly runCell: string;
  readonly zoomIn: string;
  readonly zoomOut: string;
  readonly previousPage: string;
  readonly nextPage: string;
  readonly stop: string;
  readonly stopping: string;
  readonly horizontalAxis: string;
  readonly step: string;
  readonly layer: string;
  readonly binEdge: string;
  readonly selected: (count: string) => string;
  readonly steps: (count: string) => string;
  readonly page: (from: string, to: string, of: string) => string;
  readonly useThreshold: string;
  readonly used: string;
  readonly group: string;
  readonly value: string;
  readonly secondsAxis: string;
  readonly noData: string;
}

const en: Words = {
  ...english,
  savePng: 'Save as PNG',
  saveCsv: 'Save as CSV',
  copyCsv: 'Copy as CSV',
  copied: 'Copied',
  showData: 'Show data',
  logarithmic: 'Logarithmic axis',
  sortByError: 'Sort by error',
  firstRows: (shown, total) => `first ${shown} of ${total} rows`,
  showAll: 'Show all',
  unit: 'unit',
  pages: 'Pages',
  tools: 'Tools',
  showMore: 'Show more',
  broken: 'This output cannot be drawn',
  sample: 'sample',
  series: 'series',
  label: 'label',
  pixel: 'pixel',
  feature: 'feature',
  class: 'class',
  horizontal: 'across',
  vertical: 'up',
  decoded: 'decoded here',
  zoomHint: 'Ctrl or ⌘ with the wheel zooms, dragging moves, a double click shows all.',
  wholeMap: 'Show the whole map',
  wholePlot: 'Show all points',
  keyboardHint: 'Arrow keys move through the values.',
  saveSvg: 'Save as SVG',
  colouredBy: 'colour',
  move: 'Move the map (drag)',
  walk: 'Walk between two points (drag)',
  lasso: 'Select samples (drag around them)',
  modes: 'What dragging does',
  replay: 'Replay the training',
  finished: 'finished',
  nextCell: 'plot.selection() gives them to the next cell.',
  clearSelection: 'Clear the selection',
  needsKernel: 'Run the cell again to go on from here.',
  runCell: 'Run the cell',
  zoomIn: 'Larger',
  zoomOut: 'Smaller',
  previousPage: 'Previous page',
  nextPage: 'Next page',
  stop: 'Stop the training',
  stopping: 'stopping…',
  horizontalAxis: 'along',
  step: 'step',
  layer: 'layer',
  binEdge: 'from',
  selected: (count) => `${count} selected`,
  steps: (count) => `${count} steps`,
  page: (from, to, of) => `${from} to ${to} of ${of}`,
  useThreshold: 'Use this threshold',
  used: 'The detector uses it from now on.',
  group: 'group',
  value: 'value',
  secondsAxis: 'seconds',
  noData: 'Nothing to draw.',
};

const ja: Words = {
  ...en,
  original: '元のデータ',
  reconstruction: '再構成',
  output: '出力',
  error: '誤差',
  absoluteError: '絶対誤差',
  latent: '潜在変数',
  component: '主成分',
  best: '最良',
  epoch: 'エポック',
  savePng: 'PNG として保存',
  saveCsv: 'CSV として保存',
  copyCsv: 'CSV としてコピー',
  copied: 'コピーしました',
  showData: 'データを表示',
  logarithmic: '対数軸',
  sortByError: '誤差の順に並べる',
  firstRows: (shown, total) => `${total} 行のうち最初の ${shown} 行`,
  showAll: 'すべて表示',
  unit: 'ユニット',
  pages: 'ページ',
  tools: 'ツール',
  showMore: 'さらに表示',
  broken: 'この出力は描画できません',
  sample: 'サンプル',
  series: '系列',
  label: 'ラベル',
  pixel: '画素',
  feature: '特徴量',
  class: 'クラス',
  horizontal: '横軸',
  vertical: '縦軸',
  decoded: 'この点の復号',
  zoomHint: 'Ctrl / ⌘ + ホイールで拡大、ドラッグで移動、ダブルクリックで全体を表示。',
  wholeMap: '全体を表示',
  wholePlot: 'すべての点を表示',
  keyboardHint: '矢印キーで値を移動できます。',
  running: '学習中',
  completed: '完了',
  earlyStopping: '早期終了',
  interrupted: '中断',
  left: '残り',
  samplesPerSecond: 'サンプル/秒',
  seconds: '時間',
  engine: 'エンジン',
  epochs: 'エポック',
  seed: 'シード',
  saveSvg: 'SVG として保存',
  colouredBy: '色',
  move: '地図を動かす (ドラッグ)',
  walk: '2 点の間を歩く (ドラッグ)',
  lasso: 'サンプルを囲んで選択 (ドラッグ)',
  modes: 'ドラッグの動作',
  replay: '学習を再生',
  finished: '学習後',
  nextCell: 'plot.selection() で次のセルに渡せます。',
  clearSelection: '選択を解除',
  needsKernel: '続けるにはセルを再実行してください。',
  runCell: 'セルを実行',
  zoomIn: '拡大',
  zoomOut: '縮小',
  previousPage: '前のページ',
  nextPage: '次のページ',
  stop: '学習を停止',
  stopping: '停止中…',
  threshold: 'しきい値',
  horizontalAxis: '横軸',
  step: 'ステップ',
  layer: '層',
  parameters: 'パラメータ',
  binEdge: '下端',
  count: '個数',
  selected: (count) => `${count} 件を選択`,
  steps: (count) => `${count} 段階`,
  page: (from, to, of) => `${of} 件中 ${from}–${to}`,
  share: '各群に占める割合',
  precision: '適合率',
  recall: '再現率',
  accuracy: '正解率',
  falseAlarms: '誤検知率',
  truePositives: '検出',
  falsePositives: '誤検知',
  falseNegatives: '見逃し',
  trueNegatives: '正常と判定',
  input: '入力',
  encoder: '符号化器',
  decoder: '復号器',
  bottleneck: '符号',
  useThreshold: 'このしきい値を使う',
  used: '検知器に設定しました。',
  group: '群',
  value: '値',
  secondsAxis: '秒',
  noData: '描くものがありません。',
};

let language = navigator.language;

/** The language of an exported page, which is not the reader's but the text's. */
export function setLanguage(tag: string): void {
  if (tag) language = tag;
}

/** In the language of VS Code, or of the page. */
export function words(): Words {
  return language.toLowerCase().startsWith('ja') ? ja : en;
}
