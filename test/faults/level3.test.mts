// The faults that CI has time for, at level 3: docs/faults.md.
import { playChosen } from './chosen.ts'

playChosen(3)
