import { writeWhole } from '../base/report-file.ts'
import type { ReportData } from './data.ts'
import { reportPage } from './page.ts'

/** Writes a report. @throws UserError with what is in the way */
export const writeReport = (file: string, data: ReportData): Promise<void> => writeWhole(file, reportPage(data))
