import { z } from "zod";

/** The parts of PrairieLearn's files that are used; everything else in them is ignored. */
const accessRule = z.looseObject({
  mode: z.string().nullish(),
  examUuid: z.string().nullish(),
  role: z.string().nullish(),
  uids: z.array(z.string()).nullish(),
  startDate: z.string().nullish(),
  endDate: z.string().nullish(),
  credit: z.number().nullish(),
  timeLimitMin: z.number().nullish(),
  password: z.string().nullish(),
  active: z.boolean().nullish(),
  institution: z.string().nullish(),
  showClosedAssessment: z.boolean().nullish(),
  showClosedAssessmentScore: z.boolean().nullish(),
});
export type AccessRule = z.infer<typeof accessRule>;

const deadline = z.looseObject({ date: z.string(), credit: z.number().nullish() });
export const controlRuleSchema = z.looseObject({
  labels: z.array(z.string()).nullish(),
  beforeRelease: z.looseObject({ listed: z.boolean().nullish() }).nullish(),
  dateControl: z
    .looseObject({
      release: z.looseObject({ date: z.string().nullish() }).nullish(),
      due: z.looseObject({ date: z.string().nullish(), credit: z.number().nullish() }).nullish(),
      earlyDeadlines: z.array(deadline).nullish(),
      lateDeadlines: z.array(deadline).nullish(),
      afterLastDeadline: z
        .looseObject({ allowSubmissions: z.boolean().nullish(), credit: z.number().nullish() })
        .nullish(),
      durationMinutes: z.number().nullish(),
      password: z.string().nullish(),
    })
    .nullish(),
  integrations: z
    .looseObject({ prairieTest: z.looseObject({ exams: z.array(z.unknown()).nullish() }).nullish() })
    .nullish(),
  afterComplete: z
    .looseObject({
      questions: z
        .looseObject({
          hidden: z.boolean().nullish(),
          visibleFromDate: z.string().nullish(),
          visibleUntilDate: z.string().nullish(),
        })
        .nullish(),
      score: z.looseObject({ hidden: z.boolean().nullish(), visibleFromDate: z.string().nullish() }).nullish(),
    })
    .nullish(),
});
/** One rule of `accessControl`: the first is for everybody, later ones are for some. */
export type ControlRule = z.infer<typeof controlRuleSchema>;
/** The limit of rules in `accessControl`: PrairieLearn's own. */
const MAX_CONTROL_RULES = 201;

const advance = { advanceScorePerc: z.number().nullish() };
const alternative = z.looseObject({ id: z.string(), ...advance });
const question = z.looseObject({
  id: z.string().nullish(),
  numberChoose: z.number().nullish(),
  alternatives: z.array(alternative).nullish(),
  ...advance,
});
export type Question = z.infer<typeof question>;
const zone = z.looseObject({
  title: z.string().nullish(),
  lockpoint: z.boolean().nullish(),
  numberChoose: z.number().nullish(),
  bestQuestions: z.number().nullish(),
  questions: z.array(question).default([]),
  ...advance,
});
export type Zone = z.infer<typeof zone>;

export const assessmentSchema = z.looseObject({
  type: z.string().default("Homework"),
  title: z.string().default(""),
  set: z.string().default(""),
  number: z.union([z.string(), z.number().transform(String)]).default(""),
  allowAccess: z.array(accessRule).nullish(),
  accessControl: z.array(controlRuleSchema).max(MAX_CONTROL_RULES).nullish(),
  shuffleQuestions: z.boolean().nullish(),
  zones: z.array(zone).nullish(),
  ...advance,
});
export type Assessment = z.infer<typeof assessmentSchema>;

export const instanceSchema = z.looseObject({
  longName: z.string().nullish(),
  timezone: z.string().nullish(),
  allowAccess: z.array(accessRule).nullish(),
  publishing: z.looseObject({ startDate: z.string().nullish(), endDate: z.string().nullish() }).nullish(),
});
export type Instance = z.infer<typeof instanceSchema>;

export const courseSchema = z.looseObject({
  name: z.string().default(""),
  title: z.string().default(""),
  timezone: z.string().nullish(),
});

export const infoSchema = z.looseObject({ title: z.string().default("") });
