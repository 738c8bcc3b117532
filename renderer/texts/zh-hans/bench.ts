import type { Texts } from '../../texts';
import { number } from './count';

/** What the bench says: scan, slots, and the questions that come while cards are made. */
export const bench = {
  scan: {
    label: (attribute) => `扫描 ${attributeName(attribute)}`,
    placeholder: '等待扫描',
    others: '此设备还需要',
    hintFree: (attribute) => `插入卡，然后扫描主板的 ${attributeName(attribute)}。`,
    hintReady: '核对标识，然后按 Enter 写卡。',
    hintRunning: '出现结果之前不要拔卡。',
    hintEnded: '取出卡。扫描下一块主板，或按 F7。',
    forSlot: (slot) => `用于 ${slot}`,
    allBusy: '所有卡槽都在工作。请等待，或按 F7 取出已完成的卡。',
    expected: (expected) => `应为：${expected}`,
    problem: '问题',
  },

  batchField: {
    label: '批次',
    none: '无批次',
    hint: '扫描或输入批次，然后按 Enter。留空：使用配置中的批次，或无批次。',
  },

  outbox: {
    label: '等待服务器的卡',
    waiting: (count) => `${number(count)} 张卡在等待服务器`,
    limit: (limit) => `最多 ${number(limit)} 张`,
    full: '服务器应答之前不能开始新卡。',
    keep: '请保留这些卡：卡是好的，服务器恢复后会自动报告。',
    next: (time) => `下次重试 ${time}`,
    trying: '正在重试…',
    tryNow: '立即重试',
  },

  slot: {
    selected: '已选',
    noIdentity: '—',
    cancelAgain: '再按一次 Esc 取消此卡。',
    fingerprint: '公钥指纹',
    none: '此工位还没有卡槽。按 F4 绑定读卡器的卡槽。',
  },

  actions: {
    conflict: '怎么办？',
    label: (slot) => `${slot} 的操作`,
    start: '写卡',
    cancel: '取消',
    cancelAgain: '再按一次取消',
    powerOn: '设备上电',
    clear: '取出卡',
    renew: '更新卡',
    inSlot: (action, slot) => `${action}（${slot}）`,
  },

  progress: {
    label: '进度',
    amount: (done, total) => `${done} / ${total}`,
    left: (time) => `剩余 ${time}`,
    unknownLeft: '剩余时间未知',
    phases: {
      image: '正在读取映像',
      export: '正在导出',
      fetch: '正在获取更新',
      reserve: '正在占用标识',
      check: '正在检查',
      generate: '正在生成密钥',
      write: '正在写卡',
      verify: '正在回读卡',
      enrol: '正在通知服务器',
      confirm: '正在试用密钥',
      destroy: '正在销毁密钥',
      record: '正在记录',
    },
  },

  day: {
    title: '今天',
    empty: '今天还没有卡。',
    done: '完成',
    accepted: '已接受',
    stopped: '已停止',
    open: (identity) => `打开 ${identity} 的页面`,
    words: {
      open: '进行中',
      done: '已预授权',
      failed: '已停止',
      cancelled: '已取消',
      compensated: '已撤销',
      waiting: '等待中',
    },
  },

  slotStates: {
    free: '空闲',
    ready: '就绪',
    running: '进行中',
    done: '完成',
    accepted: '已接受',
    waiting: '等待中',
    cancelled: '已取消',
    failed: '已停止',
  },

  slotWords: {
    'Free': '空闲',
    'Ready': '就绪',
    'Starting': '开始',
    'Running': '进行中',
    'Reserving': '占用标识',
    'Checking': '检查',
    'Generating': '生成密钥',
    'Writing': '写卡',
    'Verifying': '校验',
    'Enrolling': '登记',
    'Trying the key': '试用密钥',
    'Erasing': '销毁密钥',
    'Recording': '记录',
    'Reading': '读取',
    'Exporting': '导出',
    'Renewing': '更新',
    'Preauthorized': '已预授权',
    'Enrolled': '已登记',
    'Accepted': '已接受',
    'Renewed': '已更新',
    'Waiting': '等待中',
    'Scan the label': '扫描标签',
    'Cancelled': '已取消',
    'Decommissioned': '已停用',
    'Stopped': '已停止',
    'Not renewed': '未更新',
  },

  drive: { card: (size) => `卡 ${size}`, noCard: '无卡' },

  renewal: {
    title: (slot) => `更新 ${slot} 中的卡？`,
    sentence: '服务器为此卡槽中的卡颁发新的证书或令牌。密钥保留在卡上。出现结果之前不要拔卡。',
    yes: '更新',
    no: '返回',
    notHere: '此配置的服务器没有可更新的内容。',
  },

  code: {
    title: '需要一次性验证码',
    question: (account) => `${account} 当前的验证码`,
    hint: '仅限数字。只使用一次，不会保存。',
    answer: '使用',
    refuse: '暂不',
  },

  secret: {
    title: '需要密码',
    value: '密码',
    keep: '保存在此计算机的密钥环中',
    answer: '使用',
    refuse: '暂不',
  },

  slots: {
    title: '读卡器的卡槽',
    notInPractice: '练习工位有自己的卡槽。请打开配置以绑定读卡器的卡槽。',
    profileHasSlots: '此配置自带卡槽。在这里绑定的卡槽用于不带卡槽的配置。',
    bound: '已绑定的卡槽',
    noneBound: '没有绑定卡槽。',
    drives: '当前驱动器',
    noDrives: '没有插入读卡器。',
    columns: { path: '驱动器', name: '读卡器', card: '卡', port: '端口', slot: '卡槽' },
    bind: '重新绑定卡槽',
    next: (slot) => `下一个是 ${slot}。已经插着的卡不算：请取出后重新插入。`,
    finish: '完成',
    stop: '停止，保留原卡槽',
    close: '关闭',
  },
} satisfies Partial<Texts>;

function attributeName(attribute: string): string {
  return attribute === 'mac' ? 'MAC' : attribute;
}
