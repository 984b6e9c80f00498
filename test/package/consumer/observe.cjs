/** Prints what a CommonJS application observes. */

const openai = require('openai');
const canary = require('openai-canary');
const analysis = require('openai-canary/analysis');
const prometheus = require('openai-canary/prometheus');
const testing = require('openai-canary/testing');
const facts = require('./facts.cjs');

void facts
  .observe({ openai, canary, testing, analysis, prometheus })
  .then((observed) => console.log(JSON.stringify(observed)));
