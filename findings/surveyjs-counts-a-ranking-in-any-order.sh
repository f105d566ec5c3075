#!/usr/bin/env bash
# Fact: survey-core 3.1.1 (SurveyJS, quiz mode) counts a ranking question as answered rightly in any order, while the question's
#   own isAnswerCorrect() says false for it. Where several pictures are to be picked it is the other way round: in another order
#   the question says true and the quiz counts a mistake. The totals are what {correctAnswers} and a quiz's score are made of.
# Why it matters: "put these steps in order" gives the full point to every order, so the score that opens the next chapter is
#   worth nothing; "pick the two that ..." loses the point of a learner who clicked the right ones in another order. The marks
#   shown beside the questions and the sum below them contradict each other. Count with isAnswerCorrect() of each question.
# The guess: getCorrectAnswerCount() counts the questions whose isAnswerCorrect() is true.
# Date: 2026-11-30
# Needs: Node 20 or newer, npm.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{ "name": "finding", "private": true, "type": "module" }' >package.json
npm install --no-audit --no-fund --silent survey-core@3.1.1

cat >run.js <<'JS'
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
const { Model } = createRequire(import.meta.url)("survey-core");
const { version } = JSON.parse(readFileSync("node_modules/survey-core/package.json", "utf8"));
const marked = (question, answer) => {
  const quiz = new Model({ elements: [{ name: "question", ...question }] });
  quiz.setValue("question", answer);
  const itself = quiz.getQuestionByName("question").isAnswerCorrect();
  return `question ${itself}, counted ${quiz.getCorrectAnswerCount()} of ${quiz.getQuizQuestionCount()}`;
};
const ranking = { type: "ranking", choices: ["a", "b", "c"], correctAnswer: ["a", "b", "c"] };
const pictures = { type: "imagepicker", multiSelect: true, choices: ["a", "b", "c"], correctAnswer: ["a", "b"] };
const boxes = { type: "checkbox", choices: ["a", "b", "c"], correctAnswer: ["a", "b"] };
const seen = {
  "ranking, right": marked(ranking, ["a", "b", "c"]),
  "ranking, backwards": marked(ranking, ["c", "b", "a"]),
  "two pictures, right": marked(pictures, ["a", "b"]),
  "two pictures, the other first": marked(pictures, ["b", "a"]),
  "two boxes, the other first": marked(boxes, ["b", "a"]),
};
console.log(`survey-core ${version}`);
console.table(seen);
const expected = [
  "question true, counted 1 of 1",
  "question false, counted 1 of 1",
  "question true, counted 1 of 1",
  "question true, counted 0 of 1",
  "question true, counted 1 of 1",
];
if (JSON.stringify(Object.values(seen)) !== JSON.stringify(expected)) {
  console.error(`changed: expected ${JSON.stringify(expected)}`);
  process.exit(1);
}
console.log("as described");
JS
node run.js
