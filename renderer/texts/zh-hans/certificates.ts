import type { Texts } from '../../texts';
import { number } from './count';

/** What is said of the certificates that servers issued. */
export const certificates = {
  certificateStates: {
    issued: '已颁发',
    ending: '即将到期',
    expired: '已过期',
    superseded: '已替换',
    revoked: '已吊销',
    lost: '已丢失',
  },

  revocationReasons: {
    'cessation-of-operation': '设备停止使用',
    'key-compromise': '密钥已泄露，或卡已丢失',
    'superseded': '由新卡替换',
    'affiliation-changed': '归属已变更',
    'unspecified': '无原因',
  },

  certificates: {
    title: '证书',
    counts: '按状态统计的证书',
    all: '全部',
    filter: '筛选',
    text: '标识、序列号或颁发者',
    textPlaceholder: '扫描或输入',
    within: '到期时间',
    any: '不限',
    spans: { 0: '已过期', 24: '1 天内', 168: '7 天内', 720: '30 天内', 2160: '90 天内', 8760: '1 年内' },
    find: '查找',
    clear: '显示全部',
    shown: (count) => `${number(count)} 张证书`,
    empty: '没有符合的证书。',
    nothingYet: '没有证书记录：本工站设备的服务器没有颁发证书。',
    loading: '正在读取记录…',
    rows: '证书，最先到期的在前',
    columns: { expires: '到期', state: '状态', identity: '标识', batch: '批次', serial: '序列号', issuer: '颁发者' },
    inTime: (time) => `${time}后`,
    ago: (time) => `${time}前`,
    compromised: '颁发机构失陷',
  },

  compromised: {
    title: '颁发机构本身失陷时',
    intro: '吊销单张证书没有用：掌握该机构密钥的人可以再颁发。凡由它担保的设备，都必须换用其他机构的证书。',
    steps: [
      '停线：不制卡，不更新。通知所有工位和服务器的运维人员。',
      '上级机构的运维人员在上级吊销失陷的 Sub-CA，并发布新的吊销列表。此后凡读取该列表之处都会拒绝其设备。',
      '他们用新密钥建立新的 Sub-CA，网桥及其 CA 改由它颁发。把它的证书写入配置；根证书不变。',
      '列出设备：用上面的筛选填颁发者名称，或执行“imprint certificates --issuer NAME --csv”。',
      '为每台设备制作新卡：以“密钥已泄露”为由停用设备，然后重新制作。仅更新是不够的：更新请求使用的证书已不受信任。',
      '列表中不再有该颁发者的已颁发证书，即告完成。',
    ],
    close: '关闭',
  },
} satisfies Partial<Texts>;
