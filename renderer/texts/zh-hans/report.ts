import type { Texts } from '../../texts';
import { number } from './count';

/** What the report of a shift says. */
export const report: Texts['report'] = {
  title: '班次报告',
  loading: '正在读取记录…',
  spans: { 'shift': '本班次', 'before': '上一班次', 'sign-in': '自我登录以来', 'span': '自定义时间' },
  span: '时间',
  from: '自',
  until: '至',
  batch: '批次',
  operator: '制作人',
  show: '显示',
  wrongSpan: '结束时间不晚于开始时间。',
  between: (from, until) => `${from} 至 ${until}`,
  pdf: '存为 PDF…',
  anchor: 'PDF 作为锚点…',
  anchorHint: '签署日志的当前状态，并在记录中注明此纸已载有它。请打印并存放在工站以外的地方。',
  writing: '正在写入…',
  numbers: { started: '已开始', done: '完成', accepted: '已接受', failed: '失败', cancelled: '已取消', waiting: '等待中', running: '进行中', firstPass: '一次通过率', finalYield: '最终良率', perHour: '每小时卡数' },
  boards: (good, of) => `${number(good)} / ${number(of)} 块主板`,
  percent: (value) => (value === undefined ? '–' : `${value.toFixed(1)}%`),
  plots: {
    perHour: '每小时卡数',
    perDay: '每天卡数',
    hatched: '斜线：失败',
    causes: '失败原因',
    speed: '各卡槽的写入速度',
    noCards: '此时间内没有结束的卡。',
    noFailures: '没有失败。',
    noSpeed: '此时间内没有写入。',
    table: (title) => `${title}，表格`,
    columns: { time: '时间', cause: '原因', cards: '卡', slot: '卡槽', speed: '每秒兆字节' },
  },
  tables: { slots: '卡槽', operators: '操作员', batches: '批次', name: '名称', write: '写入', noBatch: '（无批次）', used: '使用的映像和配置', image: '映像', profile: '配置', cards: (count) => `${number(count)} 张卡` },
  log: { title: '记录的日志', first: '开始时', last: '结束时', key: '公钥', none: '尚无签名状态', head: (size, time, root) => `${size} 条，${time}，根 ${root}` },
};

/** What the dashboard says. */
export const dashboard: Texts['dashboard'] = {
  title: '看板',
  today: '今天',
  month: '最近 30 天',
  at: (time) => `截至 ${time}`,
  slots: '卡槽',
  batches: '进行中的批次',
  noBatches: '还没有批次有设备。',
  batchLine: (accepted, total) => `已接受 ${number(accepted)} / ${number(total)}`,
  columns: { name: '卡槽', doneToday: '今天完成', failedToday: '今天失败', done: '完成', failed: '失败', share: '失败占比', day: '日期', firstPass: '一次通过率' },
  yields: '每天的一次通过率',
};
