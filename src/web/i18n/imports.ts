type ImportState = "queued" | "reading" | "checking" | "done" | "failed";

/** What the pages for importing courses say, in English. */
export const enImports = {
  importTitle: "Import a course",
  importLead:
    "From another platform, with its unlock rules. The result is a draft. Nothing is published automatically.",
  importDrop: "Drop an archive here, or choose one. At most 200 MB.",
  importFrom: "Platform",
  importSlugHint: "A new course, or one of yours. The import then becomes its next version.",
  importBegin: "Import",
  importSending: "Sending …",
  imports: "Imports of the last month",
  noImports: "Nothing has been imported yet.",
  importState: (state: ImportState) =>
    ({
      queued: "Waiting",
      reading: "Reading the archive",
      checking: "Checking the course",
      done: "Done: there is a draft",
      failed: "Failed",
    })[state],
  importRead: (done: number, size: number) => `${done.toFixed(1)} of ${size.toFixed(1)} MB read`,
  megabytes: (count: number) => `${count.toFixed(1)} MB`,
  importNothingStored: "Nothing was stored",
  importDraft: (version: number) => `Version ${version} is a draft`,
  importDraftHint:
    "Learners do not see it yet. Read how its rules were imported, then publish it or keep it as a draft.",
  importedCourse: "The course and its unlock rules",
  importReport: "Result of the import",
  importRule: "Rule in the source",
  importCount: "Number",
  verdict: (verdict: "exact" | "approximated" | "unmapped") =>
    ({ exact: "✓ exact", approximated: "≈ approximated", unmapped: "– not mapped" })[verdict],
};

/** The same in Chinese. */
export const zhImports: typeof enImports = {
  importTitle: "导入课程",
  importLead: "从其他平台导入课程及其解锁条件。导入的结果是草稿，不会自动发布。",
  importDrop: "把课程包拖到这里，或选择文件。最大 200 MB。",
  importFrom: "来源",
  importSlugHint: "可以是新课程，也可以是你的课程：那样会成为它的下一版。",
  importBegin: "导入",
  importSending: "正在上传……",
  imports: "最近一个月的导入",
  noImports: "还没有导入过。",
  importState: (state) =>
    ({
      queued: "等待处理",
      reading: "正在读取课程包",
      checking: "正在检查课程",
      done: "完成：已有草稿",
      failed: "失败",
    })[state],
  importRead: (done, size) => `已读取 ${done.toFixed(1)} / ${size.toFixed(1)} MB`,
  megabytes: (count) => `${count.toFixed(1)} MB`,
  importNothingStored: "没有保存任何内容",
  importDraft: (version) => `第 ${version} 版是草稿`,
  importDraftHint: "目前没有人能看到它。先查看解锁条件的导入结果，再决定发布或保留。",
  importedCourse: "课程与解锁条件",
  importReport: "导入结果",
  importRule: "来源中的规则",
  importCount: "数量",
  verdict: (verdict) => ({ exact: "✓ 完全一致", approximated: "≈ 近似", unmapped: "– 未能对应" })[verdict],
};
