export { freshnessOf, freshnessSchema } from "./freshness.ts";
export { askForEveryMark, askForMarks, markCourseStale } from "./marks.ts";
export { consumeRefreshes, restRefreshes, sweepEveryMinute } from "./refresh.ts";
