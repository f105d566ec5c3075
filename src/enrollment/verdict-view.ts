import { z } from "@hono/zod-openapi";
import { toInstant, toInstantOrNull } from "../platform/instants.ts";
import { unpackAnswer } from "../unlock/index.ts";
import { verdictMarks } from "./marks.ts";
import type { GivenVerdict, StoredSubmission } from "./requests.ts";

// How a verdict is shown: to people who judge and, without their names, to its learner.

const text = z.object({ en: z.string().optional(), zh: z.string().optional() });

const rubricMark = z
  .object({
    criterion: z.string(),
    title: text,
    level: z.string().nullable(),
    level_title: text.nullable(),
    points: z.number(),
    max: z.number(),
    comment: z.string().nullable(),
  })
  .openapi("RubricMark");

const lineComment = z
  .object({
    line: z.int().openapi({ description: "From this line of the answer, counted from 1," }),
    to: z.int(),
    text: z.string(),
  })
  .openapi("LineComment");

const saidFields = {
  points: z.object({ points: z.number(), max: z.number() }).nullable(),
  rubric: z.array(rubricMark).openapi({ description: "By criterion, with the names they had when it was judged." }),
  comments: z.array(lineComment).openapi({ description: "On lines of the answer." }),
};

const shownFields = {
  number: z.int().openapi({ description: "Which verdict of the submission it is, from 1; 0: nobody has judged yet." }),
  status: z.enum(["pending", "passed", "failed"]),
  score: z.number().nullable(),
  feedback: z.string().nullable().openapi({ description: "Markdown." }),
  ...saidFields,
  judged_at: z.string().nullable(),
};

/** A submitted file. Its bytes: `/submissions/{submission}/files/{file}`. */
export const submittedFileView = z
  .object({ id: z.string(), name: z.string(), content_type: z.string(), size: z.int() })
  .openapi("SubmittedFile");

/** An answer as it is shown, with its files. */
export function answerView(stored: string): { answer: string; files: z.infer<typeof submittedFileView>[] } {
  const { answer, files } = unpackAnswer(stored);
  return { answer, files: files.map(({ id, name, type, size }) => ({ id, name, content_type: type, size })) };
}

/** How its learner sees a submission. */
export const submissionView = z
  .object({
    id: z.string(),
    item: z.string(),
    answer: z.string(),
    files: z.array(submittedFileView),
    ...shownFields,
    submitted_at: z.string(),
    history: z
      .array(z.object(shownFields).openapi("EarlierVerdict"))
      .openapi({ description: "Verdicts that others took the place of, oldest first." }),
  })
  .openapi("Submission");

const judgedFields = {
  ...shownFields,
  judged_by: z.string().nullable(),
  held: z.boolean().openapi({ description: "Its learner does not see it until it is released." }),
};
export const givenVerdict = z.object(judgedFields).openapi("GivenVerdict");

/** The further data for people who judge. */
export const gradedFields = { ...judgedFields, history: z.array(givenVerdict) };

const shownOf = ({ number, status, score, feedback, marks, judged_at }: GivenVerdict) => ({
  number,
  status,
  score,
  feedback,
  ...verdictMarks(marks),
  judged_at: toInstantOrNull(judged_at),
});

const givenOf = (verdict: GivenVerdict) => ({
  ...shownOf(verdict),
  judged_by: verdict.judged_by,
  held: verdict.held,
});

const workOf = ({ id, item, answer, submitted_at }: StoredSubmission) => ({
  id,
  item,
  ...answerView(answer),
  submitted_at: toInstant(submitted_at),
});

export function viewOf(submission: StoredSubmission): z.infer<typeof submissionView> {
  return { ...workOf(submission), ...shownOf(submission), history: submission.history.map(shownOf) };
}

export function gradedViewOf(submission: StoredSubmission) {
  return { ...workOf(submission), ...givenOf(submission), history: submission.history.map(givenOf) };
}
