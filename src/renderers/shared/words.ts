import { english, type PictureWords } from '../../drawing/words.ts';

/** Everything that renderers say by themselves. */
export interface Words extends PictureWords {
  readonly savePng: string;
  readonly saveCsv: string;
  readonly copyCsv: string;
  readonly copied: string;
  readonly showData: string;
  readonly logarithmic: string;
  readonly sortByError: string;
  readonly firstRows: (shown: string, total: string) => string;
  readonly showAll: string;
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
  readonly decodeHint: string;
  readonly zoomHint: string;
  readonly wholeMap: string;
  readonly keyboardHint: string;
  readonly running: string;
  readonly completed: string;
  readonly earlyStopping: string;
  readonly interrupted: string;
  readonly left: string;
  readonly samplesPerSecond: string;
  readonly seconds: string;
  readonly engine: string;
  readonly epochs: string;
  readonly seed: string;
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
  decodeHint: 'Run the cell to decode the point under the cursor.',
  zoomHint: 'Ctrl or ⌘ with the wheel zooms, dragging moves, a double click shows all.',
  wholeMap: 'Show the whole map',
  keyboardHint: 'Arrow keys move through the values.',
  running: 'training',
  completed: 'completed',
  earlyStopping: 'stopped early',
  interrupted: 'interrupted',
  left: 'left',
  samplesPerSecond: 'samples/s',
  seconds: 'time',
  engine: 'engine',
  epochs: 'epochs',
  seed: 'seed',
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
  decodeHint: 'セルを実行すると、カーソルの下の点を復号できます。',
  zoomHint: 'Ctrl / ⌘ + ホイールで拡大、ドラッグで移動、ダブルクリックで全体を表示。',
  wholeMap: '全体を表示',
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
