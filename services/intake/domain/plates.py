"""Number plates of vehicles 机动车号牌 (GA 36): what they begin with."""

PROVINCES = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
"""One character for each province, first on every plate."""
