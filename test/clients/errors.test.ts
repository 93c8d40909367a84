import { describeCases } from './cases.ts';

describeCases('errors', 'errors.py');
