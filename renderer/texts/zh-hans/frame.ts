import type { Texts } from '../../texts';

/** What stands around the pages. */
export const frame = {
  application: 'Imprint',

  navigation: {
    label: '页面',
    bench: '工位',
    devices: '设备',
    acceptance: '接受情况',
    certificates: '证书',
    audit: '记录',
    shift: '班次',
    dashboard: '看板',
    help: '按键',
    openProfile: '打开配置…',
    openPractice: '练习工位',
    dark: '深色',
    light: '浅色',
    switchTo: (theme) => `切换到${theme === 'dark' ? '深色' : theme === 'light' ? '浅色' : theme}`,
  },

  copy: { copy: '复制', copied: '已复制' },

  practice: {
    badge: '练习',
    sentence: '模拟服务器，卡只是文件。这里的操作不会触及真实设备。',
  },

  notices: { dismiss: '关闭', information: '提示', success: '完成', problem: '问题' },
  warnings: '警告',

  problems: {
    noStation: '此页面不是在工站中打开的，背后没有任何程序。',
    noAnswer: '工站没有应答。若再次出现，请关闭工站后重新启动。',
    title: '无法显示工位',
    retry: '重试',
  },

  languages: { label: '语言', names: { 'en': 'English', 'de': 'Deutsch', 'zh-Hans': '中文' } },

  locale: { numbers: 'zh-CN', dates: 'zh-CN' },
  units: { milliseconds: '毫秒', seconds: '秒', minutes: '分', hours: '小时', days: '天', perSecond: (amount) => `${amount}/秒`, megabytesPerSecond: (amount) => `${amount} MB/秒` },
} satisfies Partial<Texts>;
