// The types of the API's answers that the pages use, by their names in the API's document; /docs has the complete
// schemas.

import type * as Api from "../../client/api-types.ts";
import type { ChapterRow, Reason, Snapshot } from "../../client/api-types.ts";
import type { Answer } from "../../client/index.ts";

export type {
  ChapterDetail,
  ChapterRow,
  CopiedFiles,
  Course,
  CoursePreview,
  CourseVersion,
  DeadLetter,
  EarlierVerdict,
  EnrollmentRow,
  Explanation,
  GivenVerdict,
  GradedSubmission,
  LineComment,
  LockedProblem,
  PendingCounts,
  PendingSubmission,
  Problem,
  ProblemDetail,
  ProblemRow,
  PublishedVersion,
  PublishImpact,
  Reason,
  RegradeAnswer,
  RubricMark,
  Step,
  Submission,
  SubmissionAnswer,
  SubmittedFile,
  User,
  WriteAnswer,
  XapiStore,
  XapiStoreSummary,
} from "../../client/api-types.ts";

/** The question of a problem, if it asks for more than a text. */
export type AskedQuestion = NonNullable<Api.AskedQuestion>;
export type ItemState = ChapterRow["status"];
export type ReasonCode = Reason["code"];
export type SignedIn = Answer<"/api/v1/auth/sign-in", "post">;
export type EventsHealth = Answer<"/api/v1/events/health", "get">;
export type Freshness = Answer<"/api/v1/system/freshness", "get">;
export type ModelPage = Answer<"/api/v1/insight/models", "get">;
export type InsightStatus = Answer<"/api/v1/insight/status", "get">;
export type PredictionPage = Answer<"/api/v1/courses/{course}/insight/at-risk", "get">;

/** A page of any list: all have this form. */
export type Page<T> = Omit<Answer<"/api/v1/courses", "get">, "results"> & { results: T[] };

/** A list of rows with the snapshot from which they were rendered. */
export type ListOf<T> = Page<T> & { snapshot: Snapshot };

/** The short name of an item in its course, as in addresses. */
export function shortName(item: string): string {
  return item.slice(item.indexOf(".") + 1);
}
