/** Prints what a CommonJS application observes. */

const openai = require('openai');
const canary = require('openai-canary');
const analysis = require('openai-canary/analysis');
const testing = require('openai-canary/testing');
const facts = require('./facts.cjs');

void facts.observe({ openai, canary, testing, analysis }).then((observed) => console.log(JSON.stringify(observed)));
