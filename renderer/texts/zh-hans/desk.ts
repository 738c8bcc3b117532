import type { Texts } from '../../texts';
import { number } from './count';

/** Words of scanning, of the red screen, of sounds, and of the desk. What is printed on a command code is the same in every language. */
export const desk: Texts['desk'] = {
  lastScan: '上次扫描',
  nothingScanned: '还没有扫描。',
  scanned: (identity, slot) => `${identity} 在 ${slot}。`,
  started: (slot) => `${slot} 正在写卡。`,
  chosen: (slot) => `已选 ${slot}。`,
  tookBack: (slot) => `${slot}：主板已撤回。`,
  cancelAsked: '再扫描一次 CANCEL 停止写卡。',
  cancelled: '正在停止写卡。',
  takenOut: (slot) => `${slot} 的卡已取出。`,
  takeOutNext: (slot) => `接着取出 ${slot} 的卡。`,
  repeated: (slot) => `${slot}：同一块主板换一张卡再做一次。`,
  nothingReady: '没有就绪的主板：请先扫描主板的标签。',
  nothingRuns: '没有可停止的卡。',
  nothingToTakeBack: '没有等待开始的主板。',
  nothingToTakeOut: '没有要取出的卡。',
  noSuchSlot: (slot) => `此工位没有 ${String(slot)} 号卡槽。`,
  unknownCommand: '此版本的 Imprint 不认识该命令：请重新打印命令码。',
  noSignIn: '此工站无需登录。',

  redScreen: '停',
  redScreenHint: '扫描下一块主板，或扫描 NEXT。',
  dismiss: '继续',

  next: '接着取出',
  takeOut: '取出此卡',
  failed: (failed, of) => `此处最近 ${number(of)} 张中 ${number(failed)} 张失败`,
  suspect: '请检查端口',
  badLot: (lot, failed, of) => `批号 ${lot} 的卡在多个卡槽中失败：30 天内 ${number(of)} 张中 ${number(failed)} 张。请剔除。`,

  sound: (name) => `声音：${name}`,
  sounds: { 'accepted': '扫描已接受', 'start': '开始', 'done': '完成', 'error': '停', 'take-out': '取出卡' },
  settings: {
    title: '声音和命令码',
    open: '声音和命令码',
    volume: '音量',
    mute: '静音',
    listen: '试听',
    words: '每种声音也会以文字显示在扫描框下方。',
    codes: '命令码',
    codesMeaning: '工位按键的条码：有了它们，一个班次只需扫描枪。',
    print: '将命令码表存为 PDF…',
    saved: (path) => `命令码表位于 ${path}：请按 100 % 打印。`,
    close: '关闭',
  },
  layout: {
    title: '卡槽在桌面上的排列',
    columns: '列数',
    automatic: '自动',
    order: '编号方式',
    orders: { 'rows': '按行，从上到下', 'rows-up': '按行，从下到上', 'columns': '按列，从上到下', 'columns-up': '按列，从下到上' },
  },
};
