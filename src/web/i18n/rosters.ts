import { useLanguage } from "./index.ts";

// Texts of the view "Roster file" of a course's people.

type Missing = "stay" | "leave" | "leave_all";
type State = "queued" | "reading" | "planned" | "applying" | "done" | "failed" | "replaced";
type Why = "no_key" | "no_account" | "unverified" | "invalid_id";
type Match = "email" | "sourced_id" | "username" | "identifier";
type Kind = "https" | "bucket";

const en = {
  title: "Bring the class in line with a file",
  hint: "A CSV file with a header (user_id or email, and cohorts if you like, separated by semicolons), or a OneRoster zip. First you see what would change.",
  choose: "Choose a file",
  chosen: (name: string) => `Chosen: ${name}`,
  paste: "Or paste it here",
  remove: "Withdraw who is not in the file",
  removeHint: "Withdrawn learners keep their progress for 30 days, and get it back if they return. Nobody is erased.",
  match: "People are found by",
  matchBy: (match: Match) =>
    ({
      email: "verified e-mail address",
      sourced_id: "sourcedId = user id here",
      username: "username = user id here",
      identifier: "identifier = user id here",
    })[match],
  guardians: "Guardians observe their children",
  preview: "See what would change",
  apply: "Apply",
  another: "Another file",
  comes: (count: number) => `${count} come`,
  changes: (count: number) => `${count} change cohorts`,
  goes: (count: number) => `${count} go: withdrawn, their progress is kept for 30 days`,
  same: (count: number) => `${count} stay as they are`,
  rights: (count: number) => `${count} rights given or taken`,
  observers: (count: number) => `${count} observers set or ended`,
  waiting: (count: number) => `${count} without a matching account`,
  why: (why: Why) =>
    ({
      no_key: "the file has no address or id",
      no_account: "no account has this address: invite them by a link",
      unverified: "the address of the account is not verified",
      invalid_id: "this is no user id",
    })[why],
  classes: (count: number) => `${count} classes in the file`,
  aClass: (title: string, learners: number, cohort: string | null) =>
    `${title}: ${learners} learners${cohort === null ? "" : `, cohort ${cohort}`}`,
  notes: (count: number) => `${count} things were left out`,
  nothing: "The class is as the file says. Nothing changes.",
  confirm: (goes: number, all: number) => `${goes} of ${all} learners would be withdrawn. Type ${goes} to confirm it.`,
  done: "The class is as the file says now.",
  notDone: (count: number) => `${count} could not be done:`,
  state: (state: State) =>
    ({
      queued: "Waiting to be read",
      reading: "Is being read",
      planned: "Waits to be confirmed",
      applying: "Is being applied",
      done: "Done",
      failed: "Failed",
      replaced: "Replaced by a newer file",
    })[state],
  applied: (done: number, all: number) => `${done} of ${all} done. You can leave this page: it goes on by itself.`,
  andMore: (count: number) => `and ${count} more`,

  nightlyTitle: "Rosters by night",
  nightlyHint: "The file is fetched each night. Where many would go, nothing happens until you confirm it here.",
  noSources: "No roster comes by itself.",
  name: "Name",
  kind: (kind: Kind) => ({ https: "https address", bucket: "Key in the bucket" })[kind],
  where: "Where it is",
  address: "Address or key",
  addressHint: "A key is the part below rosters/inbox/<course>/ in the bucket of documents.",
  token: "Bearer token",
  tokenHint: "Stored encrypted, and never shown again.",
  hour: "Hour (UTC)",
  format: "Form",
  missing: "Learners who are not in the file",
  missingIs: (missing: Missing) =>
    ({ stay: "stay", leave: "leave, if this source brought them", leave_all: "leave, whoever brought them" })[missing],
  save: "Save",
  saved: "Saved.",
  runNow: "Fetch now",
  see: "See it",
  drop: "Remove",
  dropSure: (name: string) => `Remove the source ${name}? Everybody it brought stays in the course.`,
  lastRun: (state: string, when: string) => `Last run: ${state}, ${when}`,
  neverRun: "Has not run yet",
  next: (when: string) => `next: ${when}`,
  failing: (nights: number) =>
    nights === 1 ? "Nothing came of it last night." : `Nothing came of it for ${nights} nights.`,
};

const zh: typeof en = {
  title: "按名单文件更新班级",
  hint: "带表头的 CSV 文件（user_id 或 email，可选 cohorts，用分号隔开），或 OneRoster 压缩包。会先显示将发生的变化。",
  choose: "选择文件",
  chosen: (name) => `已选择：${name}`,
  paste: "或粘贴到这里",
  remove: "让不在名单中的人退出课程",
  removeHint: "退出的学员进度保留 30 天，期间返回即可恢复。不会删除任何人。",
  match: "按什么识别人员",
  matchBy: (match) =>
    ({
      email: "已验证的邮箱",
      sourced_id: "sourcedId 即此处的用户 id",
      username: "username 即此处的用户 id",
      identifier: "identifier 即此处的用户 id",
    })[match],
  guardians: "监护人可观察其子女",
  preview: "查看变化",
  apply: "应用",
  another: "另一个文件",
  comes: (count) => `加入 ${count} 人`,
  changes: (count) => `变更分组 ${count} 人`,
  goes: (count) => `退出 ${count} 人：进度保留 30 天`,
  same: (count) => `保持不变 ${count} 人`,
  rights: (count) => `授予或收回 ${count} 项权限`,
  observers: (count) => `设置或结束 ${count} 位观察者`,
  waiting: (count) => `${count} 人没有匹配的账号`,
  why: (why) =>
    ({
      no_key: "文件中没有邮箱或 id",
      no_account: "没有账号使用此邮箱：请用链接邀请",
      unverified: "账号的邮箱未验证",
      invalid_id: "不是有效的用户 id",
    })[why],
  classes: (count) => `文件中有 ${count} 个班级`,
  aClass: (title, learners, cohort) => `${title}：${learners} 名学员${cohort === null ? "" : `，分组 ${cohort}`}`,
  notes: (count) => `有 ${count} 项被略过`,
  nothing: "班级已与名单一致，没有变化。",
  confirm: (goes, all) => `${all} 名学员中将有 ${goes} 名退出。请输入 ${goes} 以确认。`,
  done: "班级现在与名单一致。",
  notDone: (count) => `${count} 项未能完成：`,
  state: (state) =>
    ({
      queued: "等待读取",
      reading: "正在读取",
      planned: "等待确认",
      applying: "正在应用",
      done: "已完成",
      failed: "失败",
      replaced: "已被更新的文件取代",
    })[state],
  applied: (done, all) => `已完成 ${done} / ${all}。可以离开此页，任务会自行继续。`,
  andMore: (count) => `以及另外 ${count} 项`,

  nightlyTitle: "每晚更新的名单",
  nightlyHint: "每晚自动读取文件。若将有许多人退出，则在你于此确认之前不会执行。",
  noSources: "没有自动读取的名单。",
  name: "名称",
  kind: (kind) => ({ https: "https 地址", bucket: "存储桶中的键" })[kind],
  where: "位置",
  address: "地址或键",
  addressHint: "键是文档存储桶中 rosters/inbox/<课程>/ 之后的部分。",
  token: "访问令牌",
  tokenHint: "加密保存，不再显示。",
  hour: "小时（UTC）",
  format: "格式",
  missing: "不在名单中的学员",
  missingIs: (missing) =>
    ({ stay: "保留", leave: "退出（若由此来源加入）", leave_all: "退出（无论由谁加入）" })[missing],
  save: "保存",
  saved: "已保存。",
  runNow: "立即读取",
  see: "查看",
  drop: "移除",
  dropSure: (name) => `移除来源 ${name} 吗？由它加入的人都会留在课程中。`,
  lastRun: (state, when) => `上次：${state}，${when}`,
  neverRun: "尚未运行",
  next: (when) => `下次：${when}`,
  failing: (nights) => `已连续 ${nights} 晚未成功。`,
};

export function useRosterText(): typeof en {
  return useLanguage() === "zh" ? zh : en;
}
